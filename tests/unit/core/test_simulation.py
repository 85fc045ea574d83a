"""The simulated stream has what was planted and counts as the service does."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from services.core.contracts import Pair
from services.core.counts import case_delta, combine
from services.core.disproportionality import IC
from services.core.estimates import Field
from services.core.rules import EVANS, FDA_EB05, UMC_IC025, bounded
from services.core.sequential import MAXSPRT, boundary
from services.core.simulation import (
    Indication,
    Margins,
    Notes,
    Planted,
    Stream,
    auc,
    ranking_scores,
    simulate,
    watch,
)

CAUSE = Planted(drug=5, event=7, ratio=8.0, onset_day=60)
STREAM = Stream(drugs=20, events=15, days=180, cases_per_day=40, planted=(CAUSE,), popularity=0.3)
UNTIDY = replace(
    STREAM, second=0.3, copies=1.0, withdrawn=0.1, sexes=2, ages=3, periods=2, confounding=0.5
)


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def counted(stream: Stream, notes: Notes, until: int) -> Margins:
    margins = Margins(stream, notes)
    margins.advance(until)
    return margins


def test_the_same_seed_gives_the_same_notes() -> None:
    one, other = simulate(UNTIDY, random()), simulate(UNTIDY, random())
    for field in fields(Notes):
        assert (getattr(one, field.name) == getattr(other, field.name)).all()


def test_notes_are_in_range_and_in_order() -> None:
    notes = simulate(UNTIDY, random())
    assert len(set(notes.case.tolist())) == pytest.approx(180 * 40, rel=0.05)
    assert (np.diff(notes.day) >= 0).all()
    for column, size in (
        (notes.day, 180),
        (notes.stratum, 12),
        (notes.drug, 20),
        (notes.event, 15),
    ):
        assert set(column.tolist()) <= set(range(size))


def test_the_period_is_part_of_the_stratum() -> None:
    notes = simulate(replace(STREAM, sexes=2, periods=2), random())
    assert ((notes.stratum % 2 == 1) == (notes.day >= 90)).all()


@pytest.mark.parametrize("until", [7, 31, 90])
def test_margins_count_as_the_service_does(until: int) -> None:
    stream = replace(UNTIDY, days=90, cases_per_day=6)
    notes = simulate(stream, random())
    stated: dict[int, set[Pair]] = {}
    for at in np.flatnonzero(notes.day < until):
        pair = Pair(str(notes.drug[at]), str(notes.event[at]))
        of_case = stated.setdefault(int(notes.case[at]), set())
        if notes.withdrawal[at]:
            of_case.discard(pair)
        else:
            of_case.add(pair)
    delta = combine(case_delta(set(), pairs) for pairs in stated.values())
    margins = counted(stream, notes, until)
    drug, event = np.nonzero(margins.cases())
    assert len(drug) == len(delta.pairs)
    tables = margins.tables(drug, event)
    for index, (of_drug, of_event) in enumerate(zip(drug, event, strict=True)):
        assert tables[index] == delta.table(Pair(str(of_drug), str(of_event)))


def test_counting_day_by_day_is_counting_at_once() -> None:
    notes = simulate(UNTIDY, random())
    once, daily = counted(UNTIDY, notes, 180), Margins(UNTIDY, notes)
    for day in range(180):
        daily.advance(day + 1)
    for name in ("pairs", "drugs", "events", "unattributed", "total"):
        assert (getattr(once, name) == getattr(daily, name)).all()


def test_copies_do_not_change_any_count() -> None:
    notes = simulate(UNTIDY, random())
    twice = Notes(*(np.repeat(getattr(notes, field.name), 2) for field in fields(Notes)))
    once, copied = counted(UNTIDY, notes, 180), counted(UNTIDY, twice, 180)
    assert (once.pairs == copied.pairs).all()
    assert (once.unattributed == copied.unattributed).all()
    assert (once.total == copied.total).all()


def test_withdrawing_every_case_leaves_nothing() -> None:
    stream = replace(UNTIDY, withdrawn=1.0, lag_days=1.0)
    notes = simulate(stream, random())
    open_cases = set(notes.case.tolist()) - set(notes.case[notes.withdrawal].tolist())
    margins = counted(stream, notes, stream.days)
    assert margins.total.sum() == len(open_cases) < 200
    assert margins.unattributed.min() >= 0


def test_expectations_of_one_stratum_are_the_crude_ones() -> None:
    stream = replace(STREAM, second=0.3)
    margins = counted(stream, simulate(stream, random()), 100)
    drug, event = np.nonzero(margins.cases())
    crude = margins.tables(drug, event).expected()
    assert margins.stratified_expectation(drug, event) == pytest.approx(crude)


def test_a_planted_pair_is_likelier_from_its_onset_on() -> None:
    notes = simulate(replace(STREAM, cases_per_day=400), random())
    with_drug = notes.drug == CAUSE.drug
    rates = [
        (notes.event[with_drug & period] == CAUSE.event).mean()
        for period in (notes.day < CAUSE.onset_day, notes.day >= CAUSE.onset_day)
    ]
    background = (notes.event[notes.drug != CAUSE.drug] == CAUSE.event).mean()
    assert rates[0] == pytest.approx(background, rel=0.3)
    assert rates[1] == pytest.approx(8 * background / (1 + 7 * background), rel=0.1)


def test_an_indication_looks_like_a_cause() -> None:
    disease = Indication(drug=2, event=3, share=0.1, drug_ratio=10.0, event_ratio=10.0)
    stream = replace(STREAM, planted=(), indications=(disease,))
    assert watch(stream, simulate(stream, random()), EVANS, every_days=30).first[2, 3] >= 0


def test_strata_make_false_alarms_and_stratified_expectations_take_them_away() -> None:
    stream = replace(STREAM, planted=(), sexes=2, confounding=1.5)
    notes = simulate(stream, random())
    rule = bounded(EVANS, boundary(alpha=0.05, pairs=300, horizon=500, minimum_cases=3))
    crude = watch(stream, notes, rule, every_days=30)
    adjusted = watch(stream, notes, rule, every_days=30, stratified=True)
    assert crude.false > 0
    assert adjusted.false == 0


def test_a_planted_pair_is_found_after_its_onset() -> None:
    [delay] = watch(STREAM, simulate(STREAM, random()), EVANS).delays
    assert delay is not None
    assert delay >= 0


def test_alarms_before_the_onset_are_false() -> None:
    late = replace(STREAM, planted=(replace(CAUSE, onset_day=170),))
    notes = simulate(STREAM, random())
    before, after = watch(late, notes, EVANS), watch(STREAM, notes, EVANS)
    assert before.first[CAUSE.drug, CAUSE.event] == after.first[CAUSE.drug, CAUSE.event]
    assert before.false == after.false + 1


def test_looking_daily_is_never_later_than_looking_monthly() -> None:
    notes = simulate(STREAM, random())
    daily, monthly = (watch(STREAM, notes, UMC_IC025, every_days=days) for days in (1, 30))
    seen_monthly = monthly.first >= 0
    assert seen_monthly.any()
    assert (daily.first[seen_monthly] >= 0).all()
    assert (daily.first[seen_monthly] <= monthly.first[seen_monthly]).all()


def test_a_rule_over_ebgm_is_fitted_on_the_way() -> None:
    mixed = replace(STREAM, sexes=2, confounding=1.0, cases_per_day=120)
    [delay] = watch(mixed, simulate(mixed, random()), FDA_EB05, every_days=30).delays
    assert delay is not None


def test_a_rule_over_ebgm_decides_where_the_likelihood_alone_has_no_maximum() -> None:
    # No mixture but for one pair: see deploy/decisions/0008.
    [delay] = watch(STREAM, simulate(STREAM, random()), FDA_EB05, every_days=30).delays
    assert delay is not None


def test_the_boundary_takes_false_alarms_away() -> None:
    alone = replace(STREAM, planted=())
    notes = simulate(alone, random())
    rule = bounded(EVANS, boundary(alpha=0.05, pairs=300, horizon=200, minimum_cases=3))
    assert watch(alone, notes, EVANS).false > 0
    assert watch(alone, notes, rule).false == 0


def test_a_boundary_that_is_looked_at_first_decides_the_same() -> None:
    notes = simulate(UNTIDY, random())
    rule = bounded(EVANS, boundary(alpha=0.05, pairs=300, horizon=200, minimum_cases=3))
    # Without the boundary for the record the criterion is the same, and asked of every pair.
    plain = replace(rule, boundary=None)
    for stratified in (False, True):
        one, other = (
            watch(UNTIDY, notes, which, every_days=5, stratified=stratified)
            for which in (rule, plain)
        )
        assert (one.first >= 0).any()
        assert (one.first == other.first).all()
        assert one.delays == other.delays


def test_the_boundary_ranks_by_the_expectation_it_is_told() -> None:
    stream = replace(STREAM, planted=(), sexes=2, confounding=1.5)
    notes = simulate(stream, random())
    crude, adjusted = (
        ranking_scores(stream, notes, MAXSPRT, stratified=stratified)
        for stratified in (False, True)
    )
    assert adjusted.max() < crude.max()


def test_the_planted_pair_ranks_high() -> None:
    scores = ranking_scores(STREAM, simulate(STREAM, random()), IC, Field.LOWER)
    causal = np.zeros(scores.shape, dtype=np.bool_)
    causal[CAUSE.drug, CAUSE.event] = True
    assert auc(scores, causal) > 0.98


def test_area_under_the_curve_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.8, 0.1])
    causal = np.array([True, False, True, False])
    assert auc(scores, causal) == pytest.approx((2 + 1.5) / 4)
    with pytest.raises(ValueError, match="auc needs"):
        auc(scores, np.ones(4, dtype=np.bool_))
