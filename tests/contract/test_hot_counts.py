"""What all hot counts promise: in memory and in Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet

import pytest

from services.adapters.redis_counts import RedisCounts
from services.core.contracts import Pair, Table
from services.core.counting_ports import HotCounts, LedgerEntry
from services.core.counts import CountDelta, case_delta, combine
from services.core.errors import (
    DependencyUnavailable,
    IntegrityError,
    LedgerGap,
    LedgerMismatch,
)
from tests.connections import redis_client
from tests.fakes.clock import START
from tests.fakes.extractions import BLEEDING, COUGH, RASH
from tests.fakes.hot_counts import MemoryHotCounts

LEDGER = "ledger-1"
NOTHING = CountDelta()


@pytest.fixture(params=["memory", pytest.param("redis_url", marks=pytest.mark.stack)])
async def counts(request: pytest.FixtureRequest) -> AsyncIterator[HotCounts]:
    if request.param == "memory":
        yield MemoryHotCounts()
        return
    client = redis_client(request.getfixturevalue(request.param))
    yield RedisCounts(client)
    await client.aclose()


_NONE: AbstractSet[Pair] = frozenset()


def entry(
    sequence: int, *, gains: AbstractSet[Pair] = _NONE, loses: AbstractSet[Pair] = _NONE
) -> LedgerEntry:
    return LedgerEntry(sequence, case_delta(loses, gains), START)


FIRST = entry(1, gains={RASH, COUGH})
SECOND = entry(2, gains={RASH})
THIRD = entry(3, loses={RASH, COUGH})
MIXED = Pair(RASH.drug, COUGH.event)
"""Drug and event of one case, in the first entry, without the pair."""
AFTER_TWO = combine([FIRST.delta, SECOND.delta])
AFTER_THREE = combine([AFTER_TWO, THIRD.delta])


async def start(counts: HotCounts) -> None:
    await counts.replace(LEDGER, 0, NOTHING)


async def test_counts_that_were_never_made_or_are_lost_say_so(counts: HotCounts) -> None:
    assert await counts.applied(LEDGER) is None
    with pytest.raises(LedgerGap):
        await counts.apply(LEDGER, [FIRST])
    # Not zero: a reader would take every signal back.
    with pytest.raises(DependencyUnavailable):
        await counts.snapshot()
    with pytest.raises(DependencyUnavailable):
        await counts.tables([RASH])


async def test_a_new_record_starts_with_empty_counts(counts: HotCounts) -> None:
    await start(counts)
    assert await counts.applied(LEDGER) == 0
    assert await counts.snapshot() == (0, NOTHING)
    assert await counts.tables([RASH]) == (0, [Table(0, 0, 0, 0)])


async def test_entries_add_up(counts: HotCounts) -> None:
    await start(counts)
    assert await counts.apply(LEDGER, [FIRST, SECOND]) == 2
    assert await counts.snapshot() == (2, AFTER_TWO)
    assert await counts.apply(LEDGER, [THIRD]) == 3
    assert await counts.snapshot() == (3, AFTER_THREE)
    assert COUGH not in AFTER_THREE.pairs
    assert AFTER_TWO.unattributed[MIXED] == 1
    assert not AFTER_THREE.unattributed


async def test_applied_entries_are_ignored(counts: HotCounts) -> None:
    await start(counts)
    await counts.apply(LEDGER, [FIRST, SECOND])
    assert await counts.apply(LEDGER, [FIRST, SECOND]) == 2
    assert await counts.apply(LEDGER, [SECOND, THIRD]) == 3
    assert await counts.snapshot() == (3, AFTER_THREE)
    assert await counts.apply(LEDGER, []) == 3


@pytest.mark.parametrize("entries", [[THIRD], [SECOND, entry(4, gains={BLEEDING})]])
async def test_a_gap_is_refused_and_nothing_is_applied(
    counts: HotCounts, entries: list[LedgerEntry]
) -> None:
    await start(counts)
    await counts.apply(LEDGER, [FIRST])
    with pytest.raises(LedgerGap):
        await counts.apply(LEDGER, entries)
    assert await counts.snapshot() == (1, FIRST.delta)


async def test_another_ledger_is_refused_and_nothing_is_applied(counts: HotCounts) -> None:
    await start(counts)
    await counts.apply(LEDGER, [FIRST])
    with pytest.raises(LedgerMismatch):
        await counts.applied("ledger-2")
    with pytest.raises(LedgerMismatch):
        await counts.apply("ledger-2", [SECOND])
    assert await counts.snapshot() == (1, FIRST.delta)


async def test_a_count_below_zero_is_refused_and_nothing_is_applied(counts: HotCounts) -> None:
    await start(counts)
    await counts.apply(LEDGER, [FIRST])
    with pytest.raises(IntegrityError):
        await counts.apply(LEDGER, [SECOND, entry(3, gains={COUGH}, loses={BLEEDING})])
    assert await counts.snapshot() == (1, FIRST.delta)


async def test_an_unattributed_count_below_zero_is_refused_too(counts: HotCounts) -> None:
    await start(counts)
    await counts.apply(LEDGER, [FIRST])
    broken = LedgerEntry(2, CountDelta(unattributed={MIXED: -2}), START)
    with pytest.raises(IntegrityError):
        await counts.apply(LEDGER, [broken])
    assert await counts.snapshot() == (1, FIRST.delta)


async def test_a_count_may_pass_below_zero_within_a_call(counts: HotCounts) -> None:
    await start(counts)
    await counts.apply(LEDGER, [entry(1, loses={RASH}), entry(2, gains={RASH})])
    assert await counts.snapshot() == (2, NOTHING)


async def test_replacing_leaves_nothing_of_what_was(counts: HotCounts) -> None:
    await start(counts)
    await counts.apply(LEDGER, [FIRST])
    other = case_delta(set(), {BLEEDING, RASH})
    await counts.replace("ledger-2", 7, other)
    assert await counts.snapshot() == (7, other)
    assert await counts.applied("ledger-2") == 7
    await counts.replace("ledger-2", 8, NOTHING)
    assert await counts.snapshot() == (8, NOTHING)


async def test_tables_come_in_the_order_of_the_pairs(counts: HotCounts) -> None:
    await start(counts)
    await counts.apply(LEDGER, [FIRST, SECOND])
    assert await counts.tables([COUGH, RASH, MIXED, BLEEDING, COUGH]) == (
        2,
        [
            Table(1, 1, 1, 2),
            Table(2, 2, 2, 2),
            Table(0, 2, 0, 2),
            Table(0, 0, 0, 2),
            Table(1, 1, 1, 2),
        ],
    )
    assert await counts.tables([]) == (2, [])


async def test_the_event_margin_leaves_out_what_is_blamed_on_other_drugs(
    counts: HotCounts,
) -> None:
    blames_other = {Pair("a", "x"), Pair("b", "y")}
    a_y = Pair("a", "y")
    await start(counts)
    await counts.apply(LEDGER, [entry(1, gains=blames_other), entry(2, gains={a_y})])
    assert await counts.tables([a_y, Pair("b", "x")]) == (2, [Table(1, 2, 1, 2), Table(0, 1, 0, 2)])
    await counts.apply(LEDGER, [entry(3, loses=blames_other)])
    assert await counts.tables([a_y]) == (3, [Table(1, 1, 1, 1)])
    await counts.replace(LEDGER, 4, case_delta(set(), blames_other))
    assert await counts.tables([a_y]) == (4, [Table(0, 1, 0, 1)])


async def test_any_concepts_are_counted_apart(counts: HotCounts) -> None:
    odd = {
        Pair("a\x1fb", "c"),
        Pair("a", "b\x1fc"),
        Pair('"a"', "\\"),
        Pair("ünïcödé 😀", "\ud800\x00"),
        Pair("", ""),
        Pair("1", "2"),
        Pair('["a","b"]', "c\r\n"),
    }
    await start(counts)
    await counts.apply(LEDGER, [entry(1, gains=odd)])
    expected = case_delta(set(), odd)
    assert await counts.snapshot() == (1, expected)
    ordered = sorted(odd)
    assert await counts.tables(ordered) == (1, [expected.table(pair) for pair in ordered])
    await counts.replace(LEDGER, 1, expected)
    assert await counts.snapshot() == (1, expected)


async def test_large_tables_are_replaced_whole(counts: HotCounts) -> None:
    cases = [
        {Pair(f"drug {i % 150}", f"event {i}"), Pair(f"other {i % 150}", f"beside {i}")}
        for i in range(6_000)
    ]
    large = combine(case_delta(set(), case) for case in cases)
    assert len(large.pairs) == len(large.unattributed) == 12_000
    await counts.replace(LEDGER, 5, large)
    assert await counts.snapshot() == (5, large)
    away = combine(case_delta(case, set()) for case in cases)
    await counts.apply(LEDGER, [LedgerEntry(6, away, START)])
    assert await counts.snapshot() == (6, NOTHING)
