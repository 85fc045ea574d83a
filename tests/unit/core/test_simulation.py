"""The simulated stream has what was planted, and rules are judged on it fairly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.core.rules import EVANS, UMC_IC025, bounded
from services.core.sequential import critical_value
from services.core.simulation import Planted, Stream, auc, simulate, watch

CAUSE = Planted(drug=5, event=7, ratio=8.0, onset_day=60)
STREAM = Stream(drugs=20, events=15, days=180, cases_per_day=40, planted=(CAUSE,))


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_same_seed_gives_the_same_cases() -> None:
    one, other = simulate(STREAM, random()), simulate(STREAM, random())
    for name in ("day", "stratum", "drug", "event"):
        assert (getattr(one, name) == getattr(other, name)).all()


def test_cases_are_in_range_and_in_order() -> None:
    cases = simulate(replace(STREAM, strata=3, confounding=1.0), random())
    assert len(cases.day) == pytest.approx(180 * 40, rel=0.05)
    assert (np.diff(cases.day) >= 0).all()
    for column, size in ((cases.stratum, 3), (cases.drug, 20), (cases.event, 15)):
        assert set(column.tolist()) <= set(range(size))


def test_a_planted_pair_is_likelier_from_its_onset_on() -> None:
    cases = simulate(replace(STREAM, cases_per_day=400), random())
    with_drug = cases.drug == CAUSE.drug
    rates = [
        (cases.event[with_drug & period] == CAUSE.event).mean()
        for period in (cases.day < CAUSE.onset_day, cases.day >= CAUSE.onset_day)
    ]
    background = (cases.event[cases.drug != CAUSE.drug] == CAUSE.event).mean()
    assert rates[0] == pytest.approx(background, rel=0.3)
    expected = 8 * background / (1 + 7 * background)
    assert rates[1] == pytest.approx(expected, rel=0.1)


def test_confounding_makes_associations_without_a_cause() -> None:
    plain = replace(STREAM, planted=(), strata=2)
    alarms = [
        watch(made, simulate(made, random()), UMC_IC025, every_days=30).false
        for made in (plain, replace(plain, confounding=2.0))
    ]
    assert alarms[0] < alarms[1]


def test_a_planted_pair_is_found_after_its_onset() -> None:
    found = watch(STREAM, simulate(STREAM, random()), EVANS)
    [delay] = found.delays
    assert delay is not None
    assert found.first[CAUSE.drug, CAUSE.event] == CAUSE.onset_day + delay


def test_looking_daily_is_never_later_than_looking_monthly() -> None:
    cases = simulate(STREAM, random())
    daily, monthly = (watch(STREAM, cases, EVANS, every_days=days) for days in (1, 30))
    seen_monthly = monthly.first >= 0
    assert (daily.first[seen_monthly] >= 0).all()
    assert (daily.first[seen_monthly] <= monthly.first[seen_monthly]).all()


def test_the_boundary_takes_false_alarms_away() -> None:
    alone = replace(STREAM, planted=())
    cases = simulate(alone, random())
    rule = bounded(EVANS, critical_value(alpha=0.05 / 300, horizon=200, minimum_cases=3))
    assert watch(alone, cases, EVANS).false > 0
    assert watch(alone, cases, rule).false == 0


def test_area_under_the_curve_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.8, 0.1])
    causal = np.array([True, False, True, False])
    assert auc(scores, causal) == pytest.approx((2 + 1.5) / 4)
    with pytest.raises(ValueError, match="auc needs"):
        auc(scores, np.ones(4, dtype=np.bool_))
