"""What only Redis can get wrong: leftovers, concurrency, a server that is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from services.adapters.redis_counts import MAX_PAIRS_PER_READ, RedisCounts, connect
from services.core.contracts import Pair
from services.core.counting_ports import LedgerEntry
from services.core.counts import CountDelta, case_delta, combine
from services.core.errors import DependencyUnavailable
from tests.connections import redis_client
from tests.fakes.clock import START
from tests.fakes.extractions import COUGH, RASH

pytestmark = pytest.mark.stack

LEDGER = "ledger-1"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = redis_client(redis_url)
    yield client
    await client.aclose()


async def test_a_rebuild_leaves_no_keys_of_its_own_and_none_that_expires(client: Redis) -> None:
    counts = RedisCounts(client)
    await counts.replace(LEDGER, 1, case_delta(set(), {RASH}))
    await counts.replace(LEDGER, 2, case_delta(set(), {COUGH, RASH}))
    keys = [key async for key in client.scan_iter()]
    assert sorted(keys) == [
        f"{{adewatch}}:counts:{part}"
        for part in ("drugs", "events", "meta", "pairs", "unattributed")
    ]
    assert [await client.ttl(key) for key in keys] == [-1] * 5


async def test_pairs_that_reach_zero_leave_no_field(client: Redis) -> None:
    counts = RedisCounts(client)
    await counts.replace(LEDGER, 1, case_delta(set(), {RASH, COUGH}))
    await counts.apply(LEDGER, [LedgerEntry(2, case_delta({RASH, COUGH}, set()), START)])
    assert [key async for key in client.scan_iter()] == ["{adewatch}:counts:meta"]


async def test_workers_that_apply_the_same_entries_at_once_count_them_once(client: Redis) -> None:
    counts = RedisCounts(client)
    entries = [
        LedgerEntry(sequence, case_delta(set(), {Pair(f"d{sequence % 7}", "x")}), START)
        for sequence in range(1, 101)
    ]
    await counts.replace(LEDGER, 0, CountDelta())
    for start in range(0, 100, 10):
        await asyncio.gather(*(counts.apply(LEDGER, entries[: start + 10]) for _ in range(5)))
    assert await counts.snapshot() == (100, combine(entry.delta for entry in entries))


async def test_a_reader_sees_all_of_an_entry_or_nothing(client: Redis) -> None:
    counts = RedisCounts(client)
    await counts.replace(LEDGER, 0, CountDelta())

    async def write() -> None:
        for sequence in range(1, 51):
            await counts.apply(
                LEDGER, [LedgerEntry(sequence, case_delta(set(), {RASH, COUGH}), START)]
            )

    writer = asyncio.create_task(write())
    while not writer.done():
        sequence, tables = await counts.tables([RASH, COUGH])
        assert {number for table in tables for number in table} == {sequence}
        # Two of its parts, or neither, are in the margin of a pair that no case has.
        _, [mixed] = await counts.tables([Pair(RASH.drug, COUGH.event)])
        assert (mixed.n11, mixed.event) == (0, 0)
        sequence, everything = await counts.snapshot()
        assert everything.total == sequence == everything.pairs.get(RASH, 0)
    await writer


async def test_a_lost_script_is_loaded_again(client: Redis) -> None:
    counts = RedisCounts(client)
    await counts.replace(LEDGER, 0, CountDelta())
    await client.script_flush()
    assert await counts.apply(LEDGER, [LedgerEntry(1, case_delta(set(), {RASH}), START)]) == 1


async def test_more_pairs_than_one_moment_allows_are_refused(client: Redis) -> None:
    counts = RedisCounts(client)
    await counts.replace(LEDGER, 0, CountDelta())
    pairs = [Pair("d", str(number)) for number in range(MAX_PAIRS_PER_READ)]
    assert len((await counts.tables(pairs))[1]) == MAX_PAIRS_PER_READ
    with pytest.raises(ValueError, match="at most"):
        await counts.tables([*pairs, RASH])


async def test_a_server_that_is_away_or_refuses_is_unavailable(redis_url: str) -> None:
    nobody = connect("redis://127.0.0.1:1/0", connect_timeout_seconds=0.5, timeout_seconds=0.5)
    counts = RedisCounts(nobody)
    calls = (
        counts.applied(LEDGER),
        counts.apply(LEDGER, []),
        counts.replace(LEDGER, 0, CountDelta()),
        counts.snapshot(),
        counts.tables([RASH]),
    )
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, DependencyUnavailable)
        assert outcome.dependency == "redis"
    await nobody.aclose()
