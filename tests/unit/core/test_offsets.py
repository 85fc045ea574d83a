"""What may be committed, case by case and as a property."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.core.offsets import OffsetTracker


def tracker(*offsets: int) -> OffsetTracker:
    made = OffsetTracker()
    for offset in offsets:
        made.fetched(offset)
    return made


def test_nothing_is_committed_before_anything_is_finished() -> None:
    assert tracker(0, 1, 2).advance() is None


def test_the_offset_after_the_finished_prefix_is_committed_once() -> None:
    made = tracker(5, 6, 7)
    made.finished(5)
    made.finished(6)
    assert made.advance() == 7
    assert made.advance() is None


def test_a_gap_of_one_unfinished_message_holds_the_commit_back() -> None:
    made = tracker(0, 1, 2)
    made.finished(1)
    made.finished(2)
    assert made.advance() is None
    made.finished(0)
    assert made.advance() == 3


def test_offsets_that_hold_no_message_are_not_waited_for() -> None:
    made = tracker(3, 9, 10)
    made.finished(3)
    assert made.advance() == 4
    made.finished(9)
    assert made.advance() == 10


def test_going_back_makes_messages_unfinished_again() -> None:
    made = tracker(0, 1, 2)
    made.finished(1)
    made.finished(2)
    made.fetched(1)
    made.finished(0)
    assert made.advance() == 1


def test_a_message_is_unfinished_when_it_is_fetched_whatever_was_said_before() -> None:
    made = tracker()
    made.finished(4)
    made.fetched(4)
    assert made.advance() is None


@given(
    fetched=st.sets(st.integers(0, 60), min_size=1).map(sorted),
    steps=st.lists(st.integers(0, 60)),
)
def test_no_commit_ever_passes_an_unfinished_message(fetched: list[int], steps: list[int]) -> None:
    made = tracker(*fetched)
    finished: set[int] = set()
    committed = -1
    for offset in steps:
        made.finished(offset)
        finished.add(offset)
        advanced = made.advance()
        if advanced is not None:
            assert advanced > committed
            committed = advanced
        assert all(offset in finished for offset in fetched if offset < committed)
    done = [offset for offset in fetched if offset in finished]
    prefix = [offset for offset, known in zip(fetched, done, strict=False) if offset == known]
    assert committed == (prefix[-1] + 1 if prefix else -1)
