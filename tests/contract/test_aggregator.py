"""Counting end to end, over fakes and over real stores, with a failure at every step."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from sqlalchemy import delete
from sqlmodel import col

from services.adapters.redis_counts import RedisCounts
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.engine import writing
from services.adapters.sql.tables import LedgerEntryRow
from services.aggregate.verification import Difference
from services.core.contracts import Extraction, Pair
from services.core.counting_ports import Applied, CaseRecord, HotCounts
from services.core.counts import CountDelta, case_delta, combine
from services.core.errors import DependencyUnavailable, LedgerMismatch
from tests.connections import record_engine, redis_client
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import FakeClock
from tests.fakes.counting import Counting
from tests.fakes.extractions import BLEEDING, COUGH, RASH, extraction, retraction
from tests.fakes.faults import Faults
from tests.fakes.hot_counts import MemoryHotCounts
from tests.fakes.publisher import MemoryPublisher

P, Q, R = "patient-1", "patient-2", "patient-3"
FIRST = [extraction("a", RASH, patient=P), extraction("b", RASH, COUGH, patient=Q)]
SECOND = [extraction("c", BLEEDING, patient=R), extraction("a", COUGH, patient=P, version=2)]
THIRD = [retraction("b", patient=Q)]
BATCHES = (FIRST, SECOND, THIRD)
FINALLY = combine([case_delta(set(), {COUGH}), case_delta(set(), {BLEEDING})])

STEPS = (
    "record.apply",
    "record.apply:done",
    "counts.apply",
    "counts.apply:done",
    "publish",
    "publish:done",
    "record.mark_published",
)


@pytest.fixture(params=["memory", "sqlite_record"])
def record(request: pytest.FixtureRequest) -> Iterator[CaseRecord]:
    if request.param == "memory":
        yield MemoryCaseRecord(clock=FakeClock())
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield SqlCaseRecord(engine, clock=FakeClock())
    engine.dispose()


@pytest.fixture(params=["memory", pytest.param("redis_url", marks=pytest.mark.stack)])
async def counts(request: pytest.FixtureRequest) -> AsyncIterator[HotCounts]:
    if request.param == "memory":
        yield MemoryHotCounts()
        return
    client = redis_client(request.getfixturevalue(request.param))
    yield RedisCounts(client)
    await client.aclose()


@pytest.fixture
def counting(record: CaseRecord, counts: HotCounts) -> Counting:
    faults = Faults()
    return Counting(record, counts, MemoryPublisher(faults=faults), faults)


async def count(counting: Counting, *batches: Sequence[Extraction]) -> None:
    aggregator = counting.aggregator()
    await aggregator.recover()
    for batch in batches:
        await aggregator.handle(batch)


async def test_a_batch_reaches_record_hot_counts_and_topic(counting: Counting) -> None:
    aggregator = counting.aggregator()
    assert await aggregator.handle(FIRST) == Applied(applied=2, ignored=0)
    assert (await counting.settled()).pairs == {RASH: 2, COUGH: 1}
    sent = {(topic, *json.loads(value)) for topic, _, value in counting.publisher.sent}
    assert sent == {("pv.pairs", 1, *RASH, 2), ("pv.pairs", 1, *COUGH, 1)}


async def test_a_pair_keeps_its_key(counting: Counting) -> None:
    await count(counting, *BATCHES)
    keys: dict[tuple[str, str], set[str]] = {}
    for _, key, value in counting.publisher.sent:
        _, drug, event, _ = json.loads(value)
        keys.setdefault((drug, event), set()).add(key)
    assert [len(found) for found in keys.values()] == [1, 1, 1]
    assert len(set.union(*keys.values())) == 3


async def test_everything_twice_and_shuffled_changes_nothing(counting: Counting) -> None:
    await count(counting, *BATCHES)
    sent = len(counting.publisher.sent)
    await count(counting, [*THIRD, *SECOND, *FIRST], THIRD, FIRST, SECOND)
    assert await counting.settled() == FINALLY
    assert len(counting.publisher.sent) == sent


async def test_an_empty_record_gives_empty_hot_counts(counting: Counting) -> None:
    await counting.aggregator().recover()
    assert await counting.counts.snapshot() == (0, CountDelta())


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("batch", range(len(BATCHES)))
async def test_a_batch_offered_again_after_a_failure_counts_once(
    counting: Counting, step: str, batch: int
) -> None:
    await count(counting, *BATCHES[:batch])
    counting.faults.planned.append(step)
    aggregator = counting.aggregator()
    with pytest.raises(DependencyUnavailable):
        await aggregator.handle(BATCHES[batch])
    await aggregator.handle(BATCHES[batch])
    await count(counting, *BATCHES[batch + 1 :])
    assert await counting.settled() == FINALLY


@pytest.mark.parametrize("step", STEPS)
async def test_a_new_process_finishes_what_the_old_one_recorded(
    counting: Counting, step: str
) -> None:
    await count(counting, FIRST)
    counting.faults.planned.append(step)
    with pytest.raises(DependencyUnavailable):
        await counting.aggregator().handle(SECOND)
    recorded = counting.record.head() == 2
    assert recorded == (step != "record.apply")
    await counting.aggregator().recover()
    derived = await counting.settled()
    assert derived.pairs.get(BLEEDING, 0) == recorded


async def test_lost_hot_counts_are_rebuilt(
    counting: Counting, request: pytest.FixtureRequest
) -> None:
    await count(counting, FIRST, SECOND)
    if isinstance(counting.counts, MemoryHotCounts):
        counting.counts.state = None
    else:
        async with redis_client(request.getfixturevalue("redis_url")) as client:
            await client.flushall()
    await counting.aggregator().handle(THIRD)
    assert await counting.settled() == FINALLY


async def test_hot_counts_of_an_older_state_catch_up(counting: Counting) -> None:
    await count(counting, FIRST)
    old = await counting.counts.snapshot()
    await count(counting, SECOND, THIRD)
    await counting.counts.replace(counting.record.ledger_id(), *old)
    await counting.aggregator().recover()
    assert await counting.settled() == FINALLY


async def test_a_rebuild_takes_back_nothing_that_is_counted_meanwhile(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await count(counting, FIRST)
    replace = counting.counts.replace

    async def overtaken(ledger_id: str, sequence: int, counts: CountDelta) -> None:
        monkeypatch.setattr(counting.counts, "replace", replace)
        await count(counting, SECOND, THIRD)
        await replace(ledger_id, sequence, counts)

    monkeypatch.setattr(counting.counts, "replace", overtaken)
    assert await counting.aggregator().rebuild() == 3
    assert await counting.settled() == FINALLY


async def test_hot_counts_ahead_of_the_record_stop_counting(counting: Counting) -> None:
    await count(counting, FIRST)
    await counting.counts.replace(counting.record.ledger_id(), 9, FINALLY)
    aggregator = counting.aggregator()
    with pytest.raises(LedgerMismatch):
        await aggregator.recover()
    with pytest.raises(LedgerMismatch):
        await aggregator.verify()
    # An operator decides that the record is right.
    assert await aggregator.rebuild() == 1
    await count(counting, SECOND, THIRD)
    assert await counting.settled() == FINALLY


async def test_hot_counts_of_another_ledger_stop_counting(counting: Counting) -> None:
    await counting.counts.replace("another-ledger", 1, FINALLY)
    aggregator = counting.aggregator()
    with pytest.raises(LedgerMismatch):
        await aggregator.handle(FIRST)
    await aggregator.rebuild()
    await count(counting, *BATCHES)
    assert await counting.settled() == FINALLY


async def test_many_entries_are_followed_and_announced_in_parts(counting: Counting) -> None:
    for number in range(250):
        counting.record.apply([extraction(f"n{number}", RASH, patient=f"p{number}")])
    many = [Pair(f"drug {number}", "rash") for number in range(2500)]
    counting.record.apply([extraction("long", *many)])
    await counting.counts.replace(counting.record.ledger_id(), 0, CountDelta())
    await counting.aggregator().recover()
    assert (await counting.settled()).total == 251
    assert len(counting.publisher.sent) == 2750


async def test_two_workers_at_once_count_once(counting: Counting) -> None:
    first, second = counting.aggregator(), counting.aggregator()
    for number in range(15):
        batch = [extraction(f"n{number}", RASH, patient=f"p{number}")]
        own = [extraction(f"m{number}", COUGH, patient=f"p{number}")]
        await asyncio.gather(
            first.handle(batch), second.handle([*own, *batch]), second.rebuild(), first.verify()
        )
    await first.recover()
    assert (await counting.settled()).pairs == {RASH: 15, COUGH: 15}


async def test_verification_agrees_after_counting(counting: Counting) -> None:
    await count(counting, *BATCHES)
    verification = await counting.aggregator().verify()
    assert verification.agrees
    assert (verification.sequence, verification.compared) == (3, 7)


async def test_verification_catches_up_before_it_compares(counting: Counting) -> None:
    await count(counting, FIRST)
    counting.record.apply(SECOND)
    verification = await counting.aggregator().verify()
    assert verification.agrees
    assert verification.sequence == 2


async def test_verification_names_what_differs_and_a_rebuild_mends_it(counting: Counting) -> None:
    await count(counting, *BATCHES)
    mixed = Pair(RASH.drug, COUGH.event)
    more = CountDelta(total=2, unattributed={mixed: 1})
    wrong = combine([FINALLY, case_delta({COUGH}, {RASH}), more])
    await counting.counts.replace(counting.record.ledger_id(), 3, wrong)
    aggregator = counting.aggregator()
    verification = await aggregator.verify()
    assert not verification.agrees
    assert verification.different == len(verification.examples) == 8
    assert Difference("pair", tuple(COUGH), record=1, hot=0) in verification.examples
    assert Difference("event", (RASH.event,), record=0, hot=1) in verification.examples
    assert Difference("unattributed", tuple(mixed), record=0, hot=1) in verification.examples
    assert Difference("total", (), record=2, hot=4) in verification.examples
    await aggregator.rebuild()
    assert (await aggregator.verify()).agrees


async def test_the_list_of_differences_is_bounded(counting: Counting) -> None:
    await counting.aggregator().recover()
    wrong = case_delta(set(), {Pair(f"d{number}", "x") for number in range(500)})
    await counting.counts.replace(counting.record.ledger_id(), 0, wrong)
    verification = await counting.aggregator().verify()
    assert (verification.different, len(verification.examples)) == (1002, 20)


async def test_a_gap_in_the_ledger_itself_is_healed_from_the_evidence(
    sqlite_record: str,
) -> None:
    engine = record_engine(sqlite_record)
    record, counts = SqlCaseRecord(engine, clock=FakeClock()), MemoryHotCounts()
    counting = Counting(record, counts, MemoryPublisher(), Faults())
    await count(counting, FIRST)
    record.apply(SECOND)
    record.apply(THIRD)
    with writing(engine) as connection:
        connection.execute(delete(LedgerEntryRow).where(col(LedgerEntryRow.sequence) == 2))
    await counting.aggregator().project()
    assert await counts.snapshot() == (3, FINALLY)
    with writing(engine) as connection:
        connection.execute(delete(LedgerEntryRow))
    counts.state = (record.ledger_id(), 1, CountDelta())
    await counting.aggregator().project()
    assert await counts.snapshot() == (3, FINALLY)
    engine.dispose()
