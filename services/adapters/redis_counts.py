"""The hot counts in Redis (`services.core.counting_ports.HotCounts`).

Five hashes share one hash tag, so that they live on one node of a cluster: meta (ledger id,
sequence of the last applied entry, total), pairs, drugs, events and unattributed (per pair). Field
names are JSON in ASCII: any text is a field, and no two pairs share one. Redis must not evict
(`noeviction`): these keys belong together.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import cast
from uuid import uuid4

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

from services.core.contracts import Pair, Table
from services.core.counting_ports import LedgerEntry
from services.core.counts import CountDelta
from services.core.errors import DependencyUnavailable, IntegrityError, LedgerGap, LedgerMismatch

MAX_PAIRS_PER_READ = 10_000
"""The most pairs `tables` reads at one moment, in which Redis serves nobody else."""

_META = "{adewatch}:counts:meta"
_KINDS = ("pairs", "drugs", "events", "unattributed")
_HASHES = tuple(f"{{adewatch}}:counts:{kind}" for kind in _KINDS)
_PAIRS, _DRUGS, _EVENTS, _UNATTRIBUTED = _HASHES
_FIELDS_PER_WRITE = 5_000
_PREPARED_SECONDS = 3600
_APPLY = Path(__file__).with_name("redis_counts.lua").read_text(encoding="utf-8")
_SWITCH = Path(__file__).with_name("redis_switch.lua").read_text(encoding="utf-8")


def connect(url: str, *, connect_timeout_seconds: float = 5, timeout_seconds: float = 30) -> Redis:
    """A client that connects at its first command; close it with `aclose`.

    Every command here is safe to send twice, so the client may retry a lost answer.
    """
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=connect_timeout_seconds,
        socket_timeout=timeout_seconds,
        max_connections=16,
        health_check_interval=30,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=2),
    )


class RedisCounts:
    """Counts of cases that follow the ledger; each change and each read is one atomic step."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._apply = client.register_script(_APPLY)
        self._switch = client.register_script(_SWITCH)

    async def applied(self, ledger_id: str) -> int | None:
        """Sequence of the last applied entry; None if there are no counts yet."""
        with _translated():
            reply = self._client.hmget(_META, ["ledger_id", "sequence"])
            # The client's signatures serve its synchronous twin too; this one always awaits.
            made_from, sequence = await cast("Awaitable[list[str | None]]", reply)
        if made_from is None or sequence is None:
            return None
        if made_from != ledger_id:
            raise _mismatch()
        return int(sequence)

    async def apply(self, ledger_id: str, entries: Sequence[LedgerEntry]) -> int:
        """Apply entries in one call of a script, ignoring those already applied.

        Raises:
            LedgerGap: entries are missing, or there are no counts to add to.
            LedgerMismatch: the counts were made from another ledger.
            IntegrityError: a count would fall below zero.
        """
        payload = json.dumps([_packed(entry) for entry in entries], separators=(",", ":"))
        with _translated():
            outcome, sequence = await self._apply(keys=[_META, *_HASHES], args=[ledger_id, payload])
        if outcome == "mismatch":
            raise _mismatch()
        if outcome in ("gap", "empty"):
            raise LedgerGap(f"the hot counts have applied the ledger up to {sequence}")
        if outcome == "negative":
            raise IntegrityError("a hot count would fall below zero: verify and rebuild")
        return int(sequence)

    async def replace(self, ledger_id: str, sequence: int, counts: CountDelta) -> None:
        """Write new hashes beside the present ones, then switch at one moment."""
        build = uuid4().hex
        prepared = [f"{{adewatch}}:prepared:{build}:{kind}" for kind in _KINDS]
        tables = _encoded(counts)
        with _translated():
            for key, table in zip(prepared, tables, strict=True):
                await self._prepare(key, table)
            switched = await self._switch(
                keys=[_META, *_HASHES, *prepared],
                args=[ledger_id, sequence, counts.total, *(len(table) for table in tables)],
            )
        if not switched:
            raise DependencyUnavailable("redis", "the prepared counts expired; try again")

    async def snapshot(self) -> tuple[int, CountDelta]:
        """Everything, read in one transaction.

        Raises:
            DependencyUnavailable: also when there are no counts (they are being rebuilt).
        """
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hmget(_META, ["sequence", "total"])
            for key in _HASHES:
                pipe.hgetall(key)
            with _translated():
                (sequence, total), pairs, drugs, events, elsewhere = await pipe.execute()
        counts = CountDelta(
            pairs={Pair(*json.loads(field)): int(number) for field, number in pairs.items()},
            drugs={json.loads(field): int(number) for field, number in drugs.items()},
            events={json.loads(field): int(number) for field, number in events.items()},
            unattributed={
                Pair(*json.loads(field)): int(number) for field, number in elsewhere.items()
            },
            total=int(total or 0),
        )
        return _present(sequence), counts

    async def tables(self, pairs: Sequence[Pair]) -> tuple[int, list[Table]]:
        """2×2 tables of at most `MAX_PAIRS_PER_READ` pairs, read in one transaction.

        Raises:
            DependencyUnavailable: also when there are no counts (they are being rebuilt).
            ValueError: too many pairs for one moment.
        """
        if len(pairs) > MAX_PAIRS_PER_READ:
            raise ValueError(f"at most {MAX_PAIRS_PER_READ} pairs can be read at one moment")
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hmget(_META, ["sequence", "total"])
            if pairs:
                names = [_field([*pair]) for pair in pairs]
                pipe.hmget(_PAIRS, names)
                pipe.hmget(_DRUGS, [_field(pair.drug) for pair in pairs])
                pipe.hmget(_EVENTS, [_field(pair.event) for pair in pairs])
                pipe.hmget(_UNATTRIBUTED, names)
            with _translated():
                (sequence, total), *margins = await pipe.execute()
        numbers = [[int(number or 0) for number in column] for column in margins]
        return _present(sequence), [
            Table(n11=n11, drug=drug, event=event - elsewhere, total=int(total))
            for n11, drug, event, elsewhere in zip(*numbers, strict=True)
        ]

    async def _prepare(self, key: str, table: Mapping[str, int]) -> None:
        fields = list(table.items())
        for start in range(0, len(fields), _FIELDS_PER_WRITE):
            chunk = fields[start : start + _FIELDS_PER_WRITE]
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hset(key, items=list(chain.from_iterable(chunk)))
                # What a crash leaves behind disappears; the switch makes the rest lasting.
                pipe.expire(key, _PREPARED_SECONDS)
                await pipe.execute()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise DependencyUnavailable("redis", type(error).__name__) from None


def _mismatch() -> LedgerMismatch:
    return LedgerMismatch("the hot counts were made from another ledger: rebuild them")


def _present(sequence: str | None) -> int:
    if sequence is None:
        raise DependencyUnavailable("redis", "there are no hot counts yet")
    return int(sequence)


def _field(name: str | list[str]) -> str:
    return json.dumps(name, separators=(",", ":"))


def _encoded(counts: CountDelta) -> list[dict[str, int]]:
    return [
        {_field([*pair]): number for pair, number in counts.pairs.items()},
        {_field(drug): number for drug, number in counts.drugs.items()},
        {_field(event): number for event, number in counts.events.items()},
        {_field([*pair]): number for pair, number in counts.unattributed.items()},
    ]


def _packed(entry: LedgerEntry) -> list[object]:
    tables = (list(table.items()) for table in _encoded(entry.delta))
    return [entry.sequence, entry.delta.total, *tables]
