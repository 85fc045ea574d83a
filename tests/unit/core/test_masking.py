"""Masking: what the strongest pairs of an event hide."""

from __future__ import annotations

import numpy as np
import pytest

from services.core.contracts import Table
from services.core.disproportionality import prr
from services.core.masking import masking
from services.core.tables import Tables

# One event, 10,000 cases: a drug that has most of its cases, a masked one and an ordinary one.
EVENT = Tables.from_tables(
    [
        Table(1500, 2000, 1620, 10_000),
        Table(20, 100, 1620, 10_000),
        Table(2, 150, 1620, 10_000),
    ]
)


def test_the_strongest_pair_hides_another() -> None:
    found = masking(EVENT)
    assert found.removed.tolist() == [0]
    assert found.others.tolist() == [1, 2]
    assert found.unmasked.tolist() == [True, False]
    assert found.after[0] == Table(20, 100, 120, 8500)


def test_the_ratio_is_that_of_the_proportions() -> None:
    found = masking(EVENT)
    before = (20 / 100) / (1600 / 9900)
    after = (20 / 100) / (100 / 8400)
    assert found.ratio[0] == pytest.approx(after / before)
    assert found.ratio[0] == pytest.approx(
        prr(found.after).estimate[0] / prr(found.before).estimate[0]
    )


def test_a_ratio_that_becomes_infinite_is_not_said_to_stay_as_it_was() -> None:
    # All others who had the event had it from the first drug.
    only = Tables.from_tables([Table(500, 1000, 504, 10_000), Table(4, 2000, 504, 10_000)])
    found = masking(only)
    assert found.removed.tolist() == [0]
    assert (found.ratio.tolist(), found.comparable.tolist()) == ([np.inf], [True])
    never = Tables.from_tables([Table(500, 1000, 504, 10_000), Table(0, 2000, 504, 10_000)])
    assert masking(never).comparable.tolist() == [False]


def test_shared_cases_leave_with_the_strongest_pair() -> None:
    together = np.zeros((3, 3), dtype=np.int64)
    together[0, 1] = together[1, 0] = 15
    found = masking(EVENT, together=together)
    assert found.after[0] == Table(5, 85, 120, 8500)
    assert found.unmasked.tolist() == [True, False]
    together[0, 1] = together[1, 0] = 20
    assert masking(EVENT, together=together).unmasked.tolist() == [False, False]


def test_an_event_without_a_strong_pair_masks_nothing() -> None:
    weak = Tables.from_tables([Table(2, 100, 50, 1000), Table(3, 100, 50, 1000)])
    found = masking(weak)
    assert found.removed.tolist() == []
    assert found.ratio.tolist() == [1.0, 1.0]
    assert not found.unmasked.any()


def test_several_pairs_can_be_taken_away() -> None:
    found = masking(EVENT, strongest=5)
    assert found.removed.tolist() == [0]
    both = Tables.from_tables([Table(1500, 2000, 1900, 10_000), Table(300, 400, 1900, 10_000)])
    assert masking(both, strongest=2).others.tolist() == []


@pytest.mark.parametrize(
    ("together", "message"),
    [
        (np.zeros((2, 2), dtype=np.int64), "one row and one column"),
        (np.full((3, 3), 21, dtype=np.int64), "more cases than one"),
        (np.full((3, 3), -1, dtype=np.int64), "negative"),
    ],
)
def test_shared_cases_that_cannot_be_are_refused(
    together: np.ndarray[tuple[int, int], np.dtype[np.int64]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        masking(EVENT, together=together)


def test_pairs_of_different_universes_are_refused() -> None:
    with pytest.raises(ValueError, match="one total"):
        masking(Tables.from_tables([Table(1, 2, 3, 10), Table(1, 2, 3, 11)]))
