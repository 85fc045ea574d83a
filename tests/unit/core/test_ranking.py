"""The order in which signals are reviewed, and the parts that make it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.contracts import Pair
from services.core.ranking import HALF_LIFE, WEIGHTS, Evidence, Rank, rank
from tests.fakes.clock import START
from tests.fakes.extractions import COUGH, RASH

BASE = Evidence(pair=RASH, ic_lower=1.0, newest_case=START, units=2, completeness=0.5, serious=0.25)


def only(evidence: Evidence, *known: Pair) -> Rank:
    [found] = rank([evidence], now=START, known=frozenset(known))
    return found


def test_the_parts_are_shown_and_make_the_score() -> None:
    found = only(BASE)
    assert found.parts == pytest.approx(
        {
            "disproportionality": 0.5,
            "recency": 1.0,
            "breadth": 0.5,
            "completeness": 0.5,
            "seriousness": 0.25,
            "novelty": 1.0,
        }
    )
    assert found.score == pytest.approx(0.15 + 0.15 + 0.075 + 0.05 + 0.05 + 0.1)


def test_the_weights_add_up_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    perfect = replace(BASE, ic_lower=60.0, units=10**9, completeness=1.0, serious=1.0)
    assert only(perfect).score == pytest.approx(1.0)


@pytest.mark.parametrize(
    "better",
    [
        replace(BASE, ic_lower=2.0),
        replace(BASE, units=3),
        replace(BASE, completeness=0.6),
        replace(BASE, serious=0.5),
        replace(BASE, newest_case=START + timedelta(days=1)),
    ],
    ids=["disproportionality", "breadth", "completeness", "seriousness", "recency"],
)
def test_more_of_anything_ranks_higher(better: Evidence) -> None:
    [first, second] = rank([replace(BASE, pair=COUGH), better], now=START + timedelta(days=1))
    assert (first.pair, second.pair) == (RASH, COUGH)


def test_an_unknown_effect_ranks_before_a_known_one() -> None:
    signals = [replace(BASE, pair=COUGH), BASE]
    found = rank(signals, now=START, known=frozenset({COUGH}))
    assert [one.pair for one in found] == [RASH, COUGH]


def test_recency_halves_with_its_half_life() -> None:
    [found] = rank([BASE], now=START + HALF_LIFE)
    assert found.parts["recency"] == pytest.approx(0.5)


def test_a_case_from_the_future_is_as_new_as_can_be() -> None:
    assert only(replace(BASE, newest_case=START + timedelta(days=3))).parts["recency"] == 1.0


def test_a_signal_without_cases_has_the_least_of_all() -> None:
    gone = Evidence(
        pair=RASH, ic_lower=None, newest_case=None, units=0, completeness=0.0, serious=0.0
    )
    assert only(gone, RASH).score == 0.0


def test_a_limit_below_zero_counts_as_none() -> None:
    assert only(replace(BASE, ic_lower=-3.0)).parts["disproportionality"] == 0.0


def test_equal_signals_come_by_name() -> None:
    found = rank([BASE, replace(BASE, pair=COUGH)], now=START)
    assert [one.pair for one in found] == sorted([RASH, COUGH])


@pytest.mark.parametrize("wrong", [{"units": -1}, {"completeness": 1.5}, {"serious": -0.1}])
def test_shares_that_are_none_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(BASE, **wrong)  # type: ignore[arg-type]
