"""Everything that counting touches, with a plan of failures at its steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.aggregate.handler import Aggregator
from services.core.contracts import Extraction, Pair, PairDelta, PatientMerge
from services.core.counting_ports import Applied, CaseRecord, HotCounts, LedgerEntry
from services.core.counts import CountDelta, combine
from tests.fakes.faults import Faults
from tests.fakes.publisher import MemoryPublisher


class FaultyRecord:
    """A record behind a plan of failures."""

    def __init__(self, record: CaseRecord, faults: Faults) -> None:
        self.faults, self._record = faults, record
        self.ledger_id, self.head = record.ledger_id, record.head
        self.entries, self.counts = record.entries, record.counts
        self.published, self.versions_of = record.published, record.versions_of
        self.remap, self.resettle = record.remap, record.resettle

    def apply(self, extractions: Sequence[Extraction]) -> Applied:
        self.faults.at("record.apply")
        applied = self._record.apply(extractions)
        self.faults.at("record.apply:done")
        return applied

    def merge(self, merges: Sequence[PatientMerge]) -> Applied:
        self.faults.at("record.merge")
        applied = self._record.merge(merges)
        self.faults.at("record.merge:done")
        return applied

    def mark_published(self, sequence: int) -> None:
        self.faults.at("record.mark_published")
        self._record.mark_published(sequence)


class FaultyCounts:
    """Hot counts behind a plan of failures."""

    def __init__(self, counts: HotCounts, faults: Faults) -> None:
        self.faults, self._counts = faults, counts
        self.applied, self.snapshot = counts.applied, counts.snapshot
        self.tables, self.replace = counts.tables, counts.replace

    async def apply(self, ledger_id: str, entries: Sequence[LedgerEntry]) -> int:
        self.faults.at("counts.apply")
        applied = await self._counts.apply(ledger_id, entries)
        self.faults.at("counts.apply:done")
        return applied


@dataclass(frozen=True)
class Counting:
    """One aggregator with everything it touches."""

    record: CaseRecord
    counts: HotCounts
    publisher: MemoryPublisher
    faults: Faults

    def aggregator(self) -> Aggregator:
        """A new process."""
        return Aggregator(
            FaultyRecord(self.record, self.faults),
            FaultyCounts(self.counts, self.faults),
            self.publisher,
            topic="pv.pairs",
            encode=encode,
        )

    def announced(self) -> dict[int, set[Pair]]:
        """Pairs of the messages, by ledger sequence."""
        found: dict[int, set[Pair]] = {}
        for _, _, value in self.publisher.sent:
            sequence, drug, event, _ = json.loads(value)
            found.setdefault(sequence, set()).add(Pair(drug, event))
        return found

    async def settled(self) -> CountDelta:
        """The counts, when record, ledger, hot counts and messages all agree."""
        sequence, derived = self.record.counts()
        entries = self.record.entries(0, 1000)
        assert combine(entry.delta for entry in entries) == derived
        assert await self.counts.snapshot() == (sequence, derived)
        assert self.record.published() == sequence
        assert self.announced() == {e.sequence: set(e.delta.pairs) for e in entries}
        return derived


def encode(delta: PairDelta) -> bytes:
    return json.dumps([delta.sequence, *delta.pair, delta.delta]).encode()
