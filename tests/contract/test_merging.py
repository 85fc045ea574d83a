"""The stage of merges: patients become one everywhere, once, whatever fails on the way."""

from __future__ import annotations

from functools import partial

import pytest

from services.adapters import wire
from services.aggregate.merging import MergeStage
from services.core.contracts import PatientMerge
from services.core.errors import DependencyUnavailable
from services.core.ports import Message
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import START, FakeClock
from tests.fakes.counting import Counting
from tests.fakes.episodes import ARMS, SPOTS, merge
from tests.fakes.extractions import RASH, telling
from tests.fakes.faults import Faults
from tests.fakes.hot_counts import MemoryHotCounts
from tests.fakes.publisher import MemoryPublisher

MERGE = wire.encode(merge("p", "q"))
STEPS = (
    "record.merge",
    "record.merge:done",
    "counts.apply",
    "counts.apply:done",
    "publish",
    "publish:done",
    "record.mark_published",
)


@pytest.fixture
def counting() -> Counting:
    faults = Faults()
    record = MemoryCaseRecord(clock=FakeClock())
    return Counting(record, MemoryHotCounts(), MemoryPublisher(faults=faults), faults)


def stage(counting: Counting) -> MergeStage:
    """The stage in a new process."""
    return MergeStage(counting.aggregator(), decode=partial(wire.decode, PatientMerge))


def messages(*values: bytes | None) -> list[Message]:
    return [
        Message("ehr.merges", 0, offset, START, None, value, {})
        for offset, value in enumerate(values)
    ]


async def count_two(counting: Counting) -> None:
    aggregator = counting.aggregator()
    await aggregator.recover()
    await aggregator.handle(
        [telling("a", (RASH, ARMS), patient="p"), telling("b", (RASH, SPOTS), patient="q")]
    )


async def test_a_merge_reaches_record_hot_counts_and_topic(counting: Counting) -> None:
    await count_two(counting)
    assert await stage(counting).process(messages(MERGE, MERGE)) == []
    assert (await counting.settled()).pairs == {RASH: 1}
    assert counting.announced()[2] == {RASH}


async def test_what_is_no_merge_is_rejected_and_the_others_are_applied(counting: Counting) -> None:
    await count_two(counting)
    same = MERGE.replace(b'"p"', b'"q"')
    rejected = await stage(counting).process(messages(b"{", same, None, MERGE))
    assert [(one.message.offset, one.reason) for one in rejected] == [
        (0, "not-json"),
        (1, "inconsistent"),
        (2, "not-json"),
    ]
    assert (await counting.settled()).pairs == {RASH: 1}


@pytest.mark.parametrize("step", STEPS)
async def test_a_merge_offered_again_after_a_failure_is_applied_once(
    counting: Counting, step: str
) -> None:
    await count_two(counting)
    counting.faults.planned.append(step)
    with pytest.raises(DependencyUnavailable):
        await stage(counting).process(messages(MERGE))
    restarted = stage(counting)
    await restarted.recover()
    assert await restarted.process(messages(MERGE)) == []
    assert (await counting.settled()).pairs == {RASH: 1}
    assert counting.record.head() == 2


@pytest.mark.parametrize("step", STEPS)
async def test_a_merge_that_was_recorded_only_reaches_all_when_it_is_offered_again(
    counting: Counting, step: str
) -> None:
    # The worker goes on, without a restart: the merge is known by then, and is not finished.
    await count_two(counting)
    counting.faults.planned.append(step)
    merging = stage(counting)
    with pytest.raises(DependencyUnavailable):
        await merging.process(messages(MERGE))
    assert await merging.process(messages(MERGE)) == []
    assert (await counting.settled()).pairs == {RASH: 1}
    assert counting.record.head() == 2
