"""Rules decide which pairs are signals of disproportionate reporting."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from services.core.contracts import Table
from services.core.disproportionality import prr, score
from services.core.ebgm import Prior, ebgm
from services.core.errors import ConfigurationError
from services.core.estimates import Field
from services.core.rules import (
    DEFAULT,
    EMA,
    EVANS,
    FDA_EB05,
    MHRA,
    PRESETS,
    UMC_IC025,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Criterion,
    Rule,
    all_of,
    any_of,
    at_least,
    bounded,
    passes,
    preset,
)
from services.core.sequential import maxsprt, surveillance_ratio
from services.core.signal_contracts import Boundary
from services.core.tables import Tables

PRIOR = Prior(alpha1=3.25, beta1=0.4, alpha2=2.02, beta2=1.91, weight=0.065)
STRONG = Table(20, 100, 60, 10_000)
TWO_CASES = Table(2, 100, 3, 10_000)
THREE_CASES = Table(3, 100, 10, 10_000)
EXPECTED = Table(6, 1_000, 60, 10_000)
ONLY_WITH_THIS_DRUG = Table(4, 100, 4, 10_000)
NEVER_TOGETHER = Table(0, 100, 60, 10_000)


def decide(rule: Rule, *tables: Table) -> list[bool]:
    made = Tables.from_tables(tables)
    return [bool(decided) for decided in passes(rule, made.n11, score(made))]


def rule_of(criterion: Criterion, *, minimum_cases: int = 1) -> Rule:
    return Rule(name="own", citation="none", criterion=criterion, minimum_cases=minimum_cases)


def condition(comparison: Comparison, threshold: float) -> Condition:
    return Condition("prr", Field.ESTIMATE, comparison, threshold)


class TestPresets:
    def test_evans_is_the_default(self) -> None:
        assert DEFAULT is EVANS

    def test_evans_wants_three_cases_twice_the_proportion_and_chi_squared_of_four(self) -> None:
        assert decide(EVANS, STRONG, TWO_CASES, THREE_CASES, EXPECTED, NEVER_TOGETHER) == [
            True,
            False,
            True,
            False,
            False,
        ]

    def test_evans_refuses_a_chi_squared_below_four(self) -> None:
        # PRR 3.1, but χ² 2.5.
        assert decide(EVANS, Table(3, 100, 100, 10_000)) == [False]

    def test_evans_accepts_an_infinite_ratio(self) -> None:
        assert decide(EVANS, ONLY_WITH_THIS_DRUG) == [True]

    def test_ema_wants_five_cases_and_a_lower_limit_above_one(self) -> None:
        assert decide(EMA, STRONG, THREE_CASES, EXPECTED) == [True, False, False]
        monitored = dataclasses.replace(EMA, minimum_cases=3)
        assert decide(monitored, THREE_CASES) == [True]

    def test_umc_wants_a_positive_lower_limit_of_the_information_component(self) -> None:
        assert decide(UMC_IC025, STRONG, TWO_CASES, ONLY_WITH_THIS_DRUG, EXPECTED) == [
            True,
            False,
            True,
            False,
        ]

    def test_fda_wants_a_lower_limit_of_ebgm_of_two(self) -> None:
        made = Tables.from_tables([STRONG, THREE_CASES, EXPECTED])
        scores = {"ebgm": ebgm(made, PRIOR)}
        limits = scores["ebgm"].numbers(Field.LOWER)[0]
        decided = passes(FDA_EB05, made.n11, scores)
        assert decided.tolist() == (limits >= 2.0).tolist()
        assert decided.tolist() == [True, True, False]

    def test_mhra_wants_three_cases_beside_ebgm_and_its_limit(self) -> None:
        made = Tables.from_tables([STRONG, TWO_CASES, EXPECTED])
        scores = {"ebgm": ebgm(made, PRIOR)}
        assert passes(MHRA, made.n11, scores).tolist() == [True, False, False]

    def test_every_preset_has_a_citation_and_its_own_name(self) -> None:
        for name, rule in PRESETS.items():
            assert rule.name == name
            assert rule.citation

    def test_an_unknown_name_is_refused_with_the_known_ones(self) -> None:
        with pytest.raises(
            ConfigurationError, match=r"'evens'.*evans, ema, fda-eb05, mhra, umc-ic025"
        ):
            preset("evens")


class TestRulesTogether:
    def test_all_wants_every_rule_and_any_wants_one(self) -> None:
        # Evans holds for three cases; the EMA's rule wants five.
        assert decide(all_of(EVANS, EMA), STRONG, THREE_CASES, EXPECTED) == [True, False, False]
        assert decide(any_of(EVANS, EMA), STRONG, THREE_CASES, EXPECTED) == [True, True, False]

    def test_each_rule_keeps_its_own_minimum_of_cases(self) -> None:
        only_ema = any_of(dataclasses.replace(EVANS, minimum_cases=10), EMA)
        assert decide(only_ema, THREE_CASES, Table(5, 100, 10, 10_000)) == [False, True]

    def test_names_and_citations_tell_the_parts(self) -> None:
        rule = any_of(EVANS, all_of(EMA, UMC_IC025))
        assert rule.name == "any(evans, all(ema, umc-ic025))"
        assert EVANS.citation in rule.citation
        assert rule.measures == {"prr", "chi2", "ror", "ic"}
        assert rule.minimum_cases == 3  # all needs the 5 of ema, any the fewer of 3 and 5

    def test_one_rule_is_no_combination(self) -> None:
        for combine in (all_of, any_of):
            with pytest.raises(ConfigurationError, match="at least two"):
                combine(EVANS)


def boundary_at(value: float) -> Boundary:
    return Boundary(alpha=0.05, pairs=10, horizon=50.0, minimum_cases=3, critical_value=value)


class TestBoundary:
    def test_the_sequential_ratio_must_reach_the_critical_value_too(self) -> None:
        made = Tables.from_tables([STRONG, THREE_CASES, EXPECTED])
        scores = {**score(made), "maxsprt": maxsprt(made)}
        assert passes(EVANS, made.n11, scores).tolist() == [True, True, False]
        # The ratio of three cases against 0.1 expected is 7.3; that of 20 against 0.6 is 50.7.
        bounds = {7.0: [True, True, False], 8.0: [True, False, False], 60.0: [False] * 3}
        for value, decided in bounds.items():
            assert passes(bounded(EVANS, boundary_at(value)), made.n11, scores).tolist() == decided

    def test_it_has_its_own_name_and_keeps_the_rest(self) -> None:
        rule = bounded(EVANS, boundary_at(3.5))
        assert rule.name == "evans+maxsprt"
        assert (rule.minimum_cases, rule.citation) == (EVANS.minimum_cases, EVANS.citation)
        assert rule.measures == EVANS.measures | {"maxsprt"}
        assert (rule.boundary, EVANS.boundary) == (boundary_at(3.5), None)

    def test_cases_without_any_expectation_are_beyond_every_boundary(self) -> None:
        found = surveillance_ratio(np.array([1, 0]), np.array([0.0, 0.0]))
        assert [found.measure(index).flag for index in range(2)] == ["infinite", "defined"]
        rule = rule_of(Condition("maxsprt", Field.ESTIMATE, Comparison.AT_LEAST, 1e9))
        assert passes(rule, np.array([1, 1]), {"maxsprt": found}).tolist() == [True, False]

    @pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan")])
    def test_a_critical_value_that_is_none_is_refused(self, wrong: float) -> None:
        with pytest.raises(ConfigurationError, match="critical value"):
            bounded(EVANS, boundary_at(wrong))


class TestMinimumCases:
    def test_more_cases_may_be_asked_for(self) -> None:
        made = Tables.from_tables([STRONG, THREE_CASES])
        rule = at_least(EVANS, 4)
        assert passes(EVANS, made.n11, score(made)).tolist() == [True, True]
        assert passes(rule, made.n11, score(made)).tolist() == [True, False]
        assert rule.name == "evans>=4"

    def test_the_same_minimum_is_the_same_rule_and_fewer_is_another_one(self) -> None:
        assert at_least(EVANS, 3) is EVANS
        with pytest.raises(ConfigurationError, match="needs 3 cases by itself, 2 are fewer"):
            at_least(EVANS, 2)


class TestCombinations:
    HIGH = condition(Comparison.AT_LEAST, 2.0)
    LOW = condition(Comparison.BELOW, 0.5)

    def test_all_and_any(self) -> None:
        assert decide(rule_of(AllOf((self.HIGH, self.LOW))), STRONG, EXPECTED) == [False, False]
        assert decide(rule_of(AnyOf((self.HIGH, self.LOW))), STRONG, EXPECTED) == [True, False]

    def test_they_nest(self) -> None:
        nested = AllOf((AnyOf((self.LOW, self.HIGH)), AllOf((self.HIGH,))))
        assert decide(rule_of(nested), STRONG, EXPECTED) == [True, False]

    def test_all_of_nothing_holds_and_any_of_nothing_does_not(self) -> None:
        assert decide(rule_of(AllOf(())), STRONG) == [True]
        assert decide(rule_of(AnyOf(())), STRONG) == [False]

    @pytest.mark.parametrize(
        ("comparison", "decision"),
        [
            (Comparison.AT_LEAST, True),
            (Comparison.ABOVE, False),
            (Comparison.AT_MOST, True),
            (Comparison.BELOW, False),
        ],
    )
    def test_equality_counts_where_the_sign_says_so(
        self, comparison: Comparison, decision: bool
    ) -> None:
        table = Table(10, 100, 30, 1_000)
        exact = float(prr(Tables.from_tables([table])).estimate[0])
        assert decide(rule_of(condition(comparison, exact)), table) == [decision]

    @pytest.mark.parametrize("comparison", list(Comparison))
    @pytest.mark.parametrize("field", [Field.LOWER, Field.UPPER])
    def test_a_number_that_does_not_exist_meets_no_condition(
        self, comparison: Comparison, field: Field
    ) -> None:
        rule = rule_of(Condition("prr", field, comparison, 1.0))
        assert decide(rule, ONLY_WITH_THIS_DRUG) == [False]
        assert decide(rule_of(Condition("chi2", field, comparison, 1.0)), STRONG) == [False]

    def test_a_measure_that_was_not_computed_is_refused_by_name(self) -> None:
        rule = rule_of(Condition("ebgm", Field.LOWER, Comparison.AT_LEAST, 2.0))
        with pytest.raises(ConfigurationError, match=r"own needs.*ebgm"):
            decide(rule, STRONG)

    def test_no_cases_make_no_signal(self) -> None:
        with pytest.raises(ConfigurationError, match="minimum_cases"):
            rule_of(AllOf(()), minimum_cases=0)
