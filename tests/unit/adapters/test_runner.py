"""Each message of a batch comes to exactly one end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from services.adapters.metrics import StageMetrics
from services.adapters.runner import Backoff, BatchRunner, RejectionCap, TooManyDeadLettersError
from services.core.errors import DependencyUnavailable, LedgerGap
from services.core.ports import Message, Rejected

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def message(offset: int, value: bytes = b"good") -> Message:
    return Message("ehr.notes", 0, offset, NOW, b"p1", value, {})


class Kept:
    """Dead letters in memory."""

    def __init__(self) -> None:
        self.letters: list[Rejected] = []
        self.failures = 0

    async def keep(self, stage: str, rejected: Sequence[Rejected]) -> None:
        if self.failures:
            self.failures -= 1
            raise DependencyUnavailable("kafka")
        self.letters.extend(rejected)


class ScriptedStage:
    """A stage that does what a function says and remembers what it finished."""

    name = "scripted"

    def __init__(self, act: Callable[[Message], Rejected | None]) -> None:
        self._act = act
        self.finished: list[int] = []
        self.calls = 0

    async def recover(self) -> None:
        return None

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        self.calls += 1
        results = [self._act(item) for item in messages]
        rejected = [result for result in results if result is not None]
        refused = {letter.message.offset for letter in rejected}
        self.finished += [item.offset for item in messages if item.offset not in refused]
        return rejected


class Harness:
    def __init__(self, act: Callable[[Message], Rejected | None], *, window: int = 1000) -> None:
        self.stage = ScriptedStage(act)
        self.kept = Kept()
        self.waits: list[float] = []
        self.runner = BatchRunner(
            self.stage,
            self.kept,
            backoff=Backoff(initial_seconds=1, max_seconds=5, sleep=self._sleep),
            cap=RejectionCap(window=window, max_ratio=0.5),
            metrics=StageMetrics("scripted", CollectorRegistry()),
        )

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def refuse_bad(item: Message) -> Rejected | None:
    return Rejected(item, "not-json", "") if item.value == b"bad" else None


async def test_good_messages_are_finished_and_bad_ones_kept() -> None:
    harness = Harness(refuse_bad)
    await harness.runner.run([message(0), message(1, b"bad"), message(2)])
    assert harness.stage.finished == [0, 2]
    assert [letter.message.offset for letter in harness.kept.letters] == [1]


async def test_a_dependency_that_is_away_is_waited_for_with_growing_pauses() -> None:
    failures = iter([True] * 5 + [False] * 10)

    def act(item: Message) -> Rejected | None:
        if next(failures):
            raise DependencyUnavailable("triton")
        return None

    harness = Harness(act)
    await harness.runner.run([message(0)])
    assert harness.waits == [1, 2, 4, 5, 5]
    assert harness.stage.finished == [0]
    assert harness.kept.letters == []


async def test_a_dead_letter_that_cannot_be_written_is_not_given_up() -> None:
    harness = Harness(refuse_bad)
    harness.kept.failures = 2
    await harness.runner.run([message(0, b"bad")])
    assert [letter.message.offset for letter in harness.kept.letters] == [0]


async def test_one_message_that_breaks_the_stage_is_singled_out() -> None:
    def act(item: Message) -> Rejected | None:
        if item.value == b"poison":
            raise ZeroDivisionError("text of a note")
        return None

    harness = Harness(act)
    batch = [message(offset, b"poison" if offset == 5 else b"good") for offset in range(9)]
    await harness.runner.run(batch)
    assert sorted(set(harness.stage.finished)) == [0, 1, 2, 3, 4, 6, 7, 8]
    (letter,) = harness.kept.letters
    assert (letter.message.offset, letter.reason) == (5, "internal-error")
    assert letter.detail == "ZeroDivisionError"


async def test_contradicting_books_stop_the_stage() -> None:
    def act(item: Message) -> Rejected | None:
        raise LedgerGap("3 to 5")

    harness = Harness(act)
    with pytest.raises(LedgerGap):
        await harness.runner.run([message(0)])
    assert harness.kept.letters == []


async def test_above_the_cap_the_stage_stops_after_keeping_the_letters() -> None:
    harness = Harness(refuse_bad, window=10)
    await harness.runner.run([message(i, b"bad") for i in range(5)])
    with pytest.raises(TooManyDeadLettersError):
        await harness.runner.run([message(i, b"bad") for i in range(5, 10)])
    assert len(harness.kept.letters) == 10


async def test_what_is_refused_beside_texts_is_kept_and_stops_nothing() -> None:
    harness = Harness(lambda item: Rejected(item, "no-text", "", partly=True), window=10)
    await harness.runner.run([message(i) for i in range(20)])
    assert len(harness.kept.letters) == 20


async def test_below_a_full_window_no_share_is_too_high() -> None:
    harness = Harness(refuse_bad, window=1000)
    await harness.runner.run([message(i, b"bad") for i in range(200)])
    assert len(harness.kept.letters) == 200
