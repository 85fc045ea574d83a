"""The whole service on the real stack, as the end-to-end tests drive it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.demo.compile import NOTES_FOLDER, compile_notes, to_note_json
from deploy.local.progress import Lags
from deploy.local.stack import Stack
from services.adapters.kafka import KafkaPublisher, Record
from services.adapters.redis_counts import RedisCounts
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.overview import Overview, latest_signals, overview
from services.core.contracts import Pair
from services.core.counts import CountDelta
from tests.connections import record_engine, redis_client
from tests.e2e.oracle import Counts, Extraction, count
from tests.fakes.clock import FakeClock
from tests.integration.topics_seen import eventually, read_topic

STAGES = {
    "extract": "ehr.notes",
    "aggregate": "ade.extractions",
    "detect": "pv.pairs",
    "alert": "pv.signals",
}

Note = dict[str, Any]


def packaged_notes() -> list[Note]:
    """Every version of the packaged notes, as JSON notes."""
    return [to_note_json(note) for note in compile_notes(NOTES_FOLDER)]


def as_others(notes: Sequence[Note], name: str) -> list[Note]:
    """The same texts as notes of other patients in another source."""
    return [
        {**note, "source": name, "patient_key": f"{name}-{note['patient_key']}"} for note in notes
    ]


class Service:
    """Sends notes and looks at what came of them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.bootstrap = stack.kafka.bootstrap
        self._engine = record_engine(stack.database_url)
        self.record = SqlCaseRecord(self._engine, clock=FakeClock())
        self._publisher = KafkaPublisher(
            self.bootstrap, request_timeout_seconds=90, message_max_bytes=4 * 1024 * 1024
        )
        self._redis = redis_client(stack.redis.url)
        self.hot = RedisCounts(self._redis)

    async def close(self) -> None:
        """Disconnect; the stack goes on."""
        await self._publisher.close()
        await self._redis.aclose()
        self._engine.dispose()

    async def send(self, notes: Sequence[Note]) -> None:
        """Notes to Kafka, keyed by patient."""
        await self.send_raw(
            [
                Record(note["patient_key"].encode(), json.dumps(note, ensure_ascii=False).encode())
                for note in notes
            ]
        )

    async def send_raw(self, records: Sequence[Record]) -> None:
        """Any bytes to the topic of notes."""
        await self._publisher.send("ehr.notes", records)

    async def settle(self) -> None:
        """Wait until every stage has finished everything."""
        async with Lags(self.bootstrap, STAGES) as lags:

            async def finished() -> bool:
                numbers = await self.overview()
                return not any((await lags.all()).values()) and not numbers.unpublished

            await eventually("every stage finished", finished, timeout_seconds=1500)

    async def overview(self) -> Overview:
        """What the record holds."""
        return await asyncio.to_thread(overview, self._engine)

    async def extractions(self) -> list[Extraction]:
        """Every extraction, in the order in which its partition was counted."""
        records = await read_topic(self.bootstrap, "ade.extractions")
        return [json.loads(record.value) for record in records]

    async def expected(self) -> Counts:
        """What the counts must be."""
        return count(await self.extractions())

    async def active_signals(self) -> set[Pair]:
        """Pairs that are an SDR now."""
        found = await asyncio.to_thread(latest_signals, self._engine)
        return {Pair(signal.drug, signal.event) for signal in found}

    async def assert_counts_are_right(self) -> Counts:
        """Record and hot counts equal the oracle's; returns those."""
        expected = await self.expected()
        _, derived = await asyncio.to_thread(self.record.counts)
        _, hot = await self.hot.snapshot()
        _assert_equal(derived, expected)
        _assert_equal(hot, expected)
        return expected

    def received(self) -> list[dict[str, Any]]:
        """The webhooks that the example receiver got."""
        path: Path = self.stack.received
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _assert_equal(counts: CountDelta, expected: Counts) -> None:
    assert {tuple(pair): n for pair, n in counts.pairs.items()} == dict(expected.pairs)
    assert dict(counts.drugs) == dict(expected.drugs)
    assert dict(counts.events) == dict(expected.events)
    unattributed = {tuple(pair): n for pair, n in counts.unattributed.items()}
    assert unattributed == dict(expected.unattributed)
    assert counts.total == expected.total
