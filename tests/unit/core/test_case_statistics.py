"""Strata, months, masking and trios, counted from cases."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from services.core.case_statistics import (
    Stratum,
    age_group,
    event_cases,
    series,
    stratified_counts,
    trio,
)
from services.core.contracts import Pair, Sex, Table
from services.core.ebgm import Prior
from services.core.false_discovery import fisher_p_values
from services.core.interaction import omega
from services.core.masking import masking
from services.core.signal_analysis import (
    IC_ADJUSTED,
    Strata,
    adjusted,
    crude,
    q_value_of,
)
from services.core.signal_contracts import MeasureFlag
from services.core.statistics_ports import Case
from services.core.tables import Tables

A_X, A_Y, B_X, B_Y = (Pair(drug, event) for drug in "ab" for event in "xy")
BY = (Stratum.SEX, Stratum.AGE, Stratum.PERIOD)


def at(month: int, year: int = 2026) -> datetime:
    return datetime(year, month, 15, tzinfo=UTC)


def case(
    number: int, *pairs: Pair, month: int = 1, sex: Sex = Sex.FEMALE, age: int | None = 50
) -> Case:
    return Case(
        key=f"case {number:04}", sex=sex, age_years=age, pairs=dict.fromkeys(pairs, at(month))
    )


@pytest.mark.parametrize(
    ("age", "name"),
    [
        (None, "unknown"), (0, "0-1"), (1, "0-1"), (2, "2-11"), (11, "2-11"), (12, "12-17"),
        (17, "12-17"), (18, "18-44"), (44, "18-44"), (45, "45-64"), (64, "45-64"),
        (65, "65-74"), (74, "65-74"), (75, "75+"), (130, "75+"),
    ],
)  # fmt: skip
def test_every_age_has_a_group(age: int | None, name: str) -> None:
    assert age_group(age) == name


def test_each_case_is_in_one_stratum() -> None:
    cases = [case(1, A_X), case(2, A_X, A_Y, sex=Sex.MALE), case(3, B_Y, age=None)]
    found = stratified_counts(cases, (Stratum.SEX, Stratum.AGE))
    assert list(found) == [("female", "45-64"), ("female", "unknown"), ("male", "45-64")]
    assert found["male", "45-64"].table(A_Y) == Table(1, 1, 1, 1)
    assert sum(counts.total for counts in found.values()) == 3


def test_the_period_of_a_case_is_its_first_year() -> None:
    both = Case(key="c", sex=Sex.MALE, age_years=1, pairs={A_X: at(2), A_Y: at(12, 2025)})
    assert list(stratified_counts([both], (Stratum.PERIOD,))) == [("2025",)]


def confounded() -> Strata:
    """Men have drug a and event x, women drug b and event y, each without any association."""
    cases: list[Case] = []
    for sex, drug, event in ((Sex.MALE, "a", "x"), (Sex.FEMALE, "b", "y")):
        other_drug, other_event = ("b", "y") if drug == "a" else ("a", "x")
        for number, pair in (
            (81, Pair(drug, event)), (9, Pair(drug, other_event)),
            (9, Pair(other_drug, event)), (1, Pair(other_drug, other_event)),
        ):  # fmt: skip
            cases += [case(len(cases) + i, pair, sex=sex) for i in range(number)]
    return Strata(BY, stratified_counts(cases, BY))


def test_confounding_by_sex_goes_away_by_strata() -> None:
    strata = confounded()
    crude_ror = {m.name: m for m in crude(strata.pooled().table(A_X), None)}["ror"]
    assert crude_ror.estimate == pytest.approx(82 * 82 / 18 / 18)
    by_name = {measure.name: measure for measure in adjusted(strata, [A_X, B_Y])[A_X]}
    assert list(by_name) == [IC_ADJUSTED, "prr_mh", "ror_mh"]
    assert by_name["ror_mh"].estimate == pytest.approx(1.0)
    assert by_name["prr_mh"].estimate == pytest.approx(1.0)
    assert by_name[IC_ADJUSTED].estimate == pytest.approx(0.0)


def test_subgroups_have_their_own_tables() -> None:
    strata = confounded()
    assert strata.subgroups(A_X, Stratum.SEX) == {
        "female": Table(1, 10, 10, 100),
        "male": Table(81, 90, 90, 100),
    }
    assert strata.subgroups(A_X, Stratum.AGE) == {"45-64": strata.pooled().table(A_X)}


def test_without_cases_there_is_nothing_to_adjust() -> None:
    empty = Strata(BY, {})
    assert adjusted(empty, [A_X]) == {A_X: []}
    assert empty.subgroups(A_X, Stratum.SEX) == {}
    assert q_value_of(empty.pooled(), [A_X]) == {A_X: 1.0}


def test_crude_measures_include_ebgm_only_with_a_prior() -> None:
    prior = Prior(alpha1=3.25, beta1=0.4, alpha2=2.02, beta2=1.91, weight=0.065)
    table = Table(9, 20, 30, 400)
    without = [measure.name for measure in crude(table, None)]
    assert without == ["prr", "chi2", "ror", "ic", "maxsprt", "bcpnn"]
    assert [measure.name for measure in crude(table, prior)] == [*without[:-1], "ebgm", "bcpnn"]


def test_the_strongest_pair_has_the_smallest_q_value() -> None:
    cases = [case(i, A_X) for i in range(30)] + [case(100 + i, B_Y) for i in range(30)]
    cases += [case(200, A_Y), case(201, B_X)]
    counts = Strata(BY, stratified_counts(cases, BY)).pooled()
    found = q_value_of(counts, [A_X, A_Y, Pair("c", "z")])
    assert found[A_X] < 1e-10
    assert found[A_Y] > 0.9
    assert found[Pair("c", "z")] == 1.0


def test_a_q_value_is_among_the_pairs_that_were_possible_not_only_those_seen() -> None:
    cases = [case(i, A_X) for i in range(30)] + [case(100 + i, B_Y) for i in range(30)]
    cases += [case(200, Pair("d", "z")), case(201, Pair("e", "y"))]
    counts = Strata(BY, stratified_counts(cases, BY)).pooled()
    assert len(counts.pairs) == 4
    assert counts.possible_pairs == 4 * 3
    p = fisher_p_values(Tables.from_tables([counts.table(A_X)]))[0]
    assert q_value_of(counts, [A_X])[A_X] == pytest.approx(12 * p, rel=1e-9, abs=0.0)


class TestSeries:
    def test_a_pair_grows_month_by_month_and_months_have_no_gaps(self) -> None:
        cases = [case(1, A_X, month=1), case(2, B_Y, month=1), case(3, A_X, month=4)]
        found = series(cases, A_X)
        assert found.months == ("2026-01", "2026-02", "2026-03", "2026-04")
        assert [found.to_date[index] for index in (0, 1, 3)] == [
            Table(1, 1, 1, 2), Table(1, 1, 1, 2), Table(2, 2, 2, 3),
        ]  # fmt: skip
        assert found.volume.tolist() == [2, 0, 0, 1]

    def test_a_case_counts_for_a_pair_from_its_first_note_on(self) -> None:
        grown = Case(key="c", sex=Sex.MALE, age_years=1, pairs={A_X: at(1), B_Y: at(2)})
        found = series([grown, case(2, A_Y)], B_Y)
        assert list(found.to_date.n11) == [0, 1]
        # In January the case of b and y is one of a and x only.
        assert found.to_date[0] == Table(0, 0, 1, 2)

    def test_the_end_is_the_whole_record(self) -> None:
        random = np.random.default_rng(1)
        cases = [
            Case(
                key=f"{i}", sex=Sex.MALE, age_years=1,
                pairs={
                    pair: at(int(random.integers(1, 13)))
                    for pair in (A_X, A_Y, B_X, B_Y) if random.random() < 0.5
                } or {A_X: at(6)},
            )
            for i in range(200)
        ]  # fmt: skip
        whole = stratified_counts(cases, ())[()]
        for pair in (A_X, A_Y, B_X, B_Y):
            assert series(cases, pair).to_date[-1] == whole.table(pair)

    def test_a_sudden_rise_is_found_in_its_month(self) -> None:
        cases = [case(i, B_Y, month=1 + i % 12) for i in range(600)]
        cases += [case(1000 + i, A_X, month=9 + i % 4) for i in range(40)]
        found = series(cases, A_X).rise
        assert found is not None
        assert found.period == 8
        assert found.p_value < 1e-6
        assert found.rate_ratio is None

    def test_a_rise_of_everything_is_none_of_the_pair(self) -> None:
        cases = [case(i, A_X, month=month) for month in (1, 6) for i in range(month * 18 + 2)]
        cases += [case(500 + i, B_Y, month=month) for month in (1, 6) for i in range(month * 20)]
        assert series(cases, A_X).rise is None

    def test_without_a_case_there_is_no_series(self) -> None:
        with pytest.raises(ValueError, match="no case"):
            series([], A_X)


def test_an_event_is_checked_for_masking_with_the_cases_that_pairs_share() -> None:
    cases = [case(i, A_X) for i in range(60)] + [case(100 + i, B_X) for i in range(8)]
    cases += [case(200 + i, A_X, B_X) for i in range(2)]
    cases += [case(300 + i, Pair("c", "z")) for i in range(200)]
    cases += [case(600 + i, B_Y) for i in range(40)]
    found = event_cases(cases, "x")
    assert found.drugs == ("a", "b")
    assert found.together.tolist() == [[62, 2], [2, 10]]
    tables = Tables.from_tables([found.counts.table(pair) for pair in (A_X, B_X)])
    check = masking(tables, together=found.together)
    assert check.removed.tolist() == [0]
    assert check.after[0] == Table(8, 48, 8, 248)
    assert event_cases(cases, "nothing").drugs == ()


def test_a_trio_counts_the_drugs_taken_and_the_event_seen() -> None:
    cases = [case(i, A_X, B_Y) for i in range(4)] + [case(10 + i, A_Y) for i in range(5)]
    cases += [case(20 + i, B_X) for i in range(3)] + [
        case(30 + i, Pair("c", "x")) for i in range(2)
    ]
    cases += [case(40 + i, Pair("c", "y")) for i in range(6)]
    found = trio(cases, "a", "b", "x")
    columns = ("both", "first", "second", "neither")
    assert [int(getattr(found, name)[0]) for name in columns] == [4, 5, 3, 8]
    assert [int(getattr(found, f"{name}_event")[0]) for name in columns] == [4, 0, 3, 2]
    assert omega(found).measure(0).flag is MeasureFlag.DEFINED
