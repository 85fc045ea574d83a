"""Extractions become evidence and counts: record, then hot counts, then messages per pair.

The record's transaction is the only step that decides anything. The other two follow its ledger
from wherever they were left, so a crash between any two steps is healed by the next batch or by
`recover`, and a batch that comes twice changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from services.aggregate.verification import Verification, compare
from services.core import identity
from services.core.contracts import Extraction, PairDelta, PatientMerge
from services.core.counting_ports import (
    Applied,
    CaseRecord,
    HotCounts,
    LedgerEntry,
    Remapped,
    Resettled,
)
from services.core.counts import CountDelta, combine
from services.core.errors import LedgerGap, LedgerMismatch
from services.core.ports import Publisher, Vocabulary

_ENTRIES_PER_STEP = 100
_MESSAGES_PER_STEP = 1000
_ATTEMPTS = 5


class Aggregator:
    """Counts cases.

    Args:
        record: where counting happens; its calls block and run in a thread.
        counts: what detection reads.
        publisher: acknowledges messages that are durable.
        topic: where changed pairs are announced, keyed by pair.
        encode: one announcement as bytes.
    """

    def __init__(
        self,
        record: CaseRecord,
        counts: HotCounts,
        publisher: Publisher,
        *,
        topic: str,
        encode: Callable[[PairDelta], bytes],
    ) -> None:
        self._record = record
        self._counts = counts
        self._publisher = publisher
        self._topic = topic
        self._encode = encode

    async def handle(self, extractions: Sequence[Extraction]) -> Applied:
        """Count a batch; on return its effects are in the record, the hot counts and the topic.

        Raises:
            DependencyUnavailable: offer the same batch again; nothing is lost or counted twice.
            IntegrityError: the books disagree; an operator must look.
            InvalidMessage: an extraction is not consistent; the wire refuses those beforehand.
        """
        applied = await asyncio.to_thread(self._record.apply, extractions)
        await self.project()
        await self.publish()
        return applied

    async def remap(self, vocabulary: Vocabulary) -> Remapped:
        """Recount everything under another vocabulary; on return every reader knows."""
        remapped = await asyncio.to_thread(self._record.remap, vocabulary)
        await self.project()
        await self.publish()
        return remapped

    async def merge(self, merges: Sequence[PatientMerge]) -> Applied:
        """Make pseudonyms one patient; on return every reader knows.

        Raises:
            DependencyUnavailable, IntegrityError: as `handle`.
        """
        applied = await asyncio.to_thread(self._record.merge, merges)
        await self.project()
        await self.publish()
        return applied

    async def resettle(self) -> Resettled:
        """Divide all evidence into cases anew; on return every reader knows."""
        resettled = await asyncio.to_thread(self._record.resettle)
        await self.project()
        await self.publish()
        return resettled

    async def recover(self) -> None:
        """Finish what an earlier process left half done. Creates the hot counts if need be."""
        await self.project()
        await self.publish()

    async def project(self) -> int:
        """Bring the hot counts to the head of the ledger.

        Lost counts, and counts that lack entries which the ledger has no more, are rebuilt.

        Returns:
            The sequence of the last applied entry.

        Raises:
            LedgerMismatch: the hot counts are another record's, or ahead of this one.
        """
        ledger = await asyncio.to_thread(self._record.ledger_id)
        for _ in range(_ATTEMPTS):
            try:
                return await self._follow(ledger)
            except LedgerGap:
                # Lost, or moved by another worker's rebuild since we looked: look again.
                await self._rebuild_unless_connected(ledger)
        raise LedgerGap("the hot counts keep losing entries of the ledger")

    async def publish(self) -> int:
        """Announce every pair changed since the last time, at least once each.

        Returns:
            How many messages were sent.
        """
        sent = 0
        while True:
            published = await asyncio.to_thread(self._record.published)
            entries = await asyncio.to_thread(self._record.entries, published, _ENTRIES_PER_STEP)
            if not entries:
                return sent
            messages = self._announcements(entries)
            while chunk := list(islice(messages, _MESSAGES_PER_STEP)):
                await self._publisher.publish(self._topic, chunk)
                sent += len(chunk)
            await asyncio.to_thread(self._record.mark_published, entries[-1].sequence)

    async def rebuild(self) -> int:
        """Replace the hot counts by the record's, whatever they were.

        Returns:
            The ledger sequence of the new counts.
        """
        await self._replace(await asyncio.to_thread(self._record.ledger_id))
        # What others counted between the reading and the replacement was taken back by it.
        return await self.project()

    async def verify(self) -> Verification:
        """Compare the hot counts with the record's evidence at one ledger sequence.

        Works while notes are being counted: what the ledger gained between the two readings is
        added to the older one.

        Raises:
            LedgerMismatch: the hot counts are another record's, or ahead of this one.
        """
        await self.project()
        sequence, expected = await asyncio.to_thread(self._record.counts)
        hot_sequence, hot = await self._counts.snapshot()
        expected, sequence = await self._advance(expected, sequence, hot_sequence)
        hot, _ = await self._advance(hot, hot_sequence, sequence)
        return compare(sequence, expected, hot)

    async def _follow(self, ledger: str) -> int:
        """Apply the ledger step by step until nothing is left."""
        while True:
            applied = await self._counts.applied(ledger)
            if applied is None:
                raise LedgerGap("there are no hot counts")
            # In this order: other workers move the hot counts only up to a head they have seen.
            head = await asyncio.to_thread(self._record.head)
            if applied > head:
                raise LedgerMismatch(f"the hot counts are at {applied}, the ledger at {head}")
            if applied == head:
                return applied
            entries = await asyncio.to_thread(self._record.entries, applied, _ENTRIES_PER_STEP)
            if not entries:
                raise LedgerGap(f"the ledger has no entries from {applied} to {head}")
            await self._counts.apply(ledger, entries)

    async def _rebuild_unless_connected(self, ledger: str) -> None:
        """Rebuild the hot counts if the ledger does not continue where they are."""
        applied = await self._counts.applied(ledger)
        if applied is not None:
            following = await asyncio.to_thread(self._record.entries, applied, 1)
            if following and following[0].sequence == applied + 1:
                return
        await self._replace(ledger)

    async def _replace(self, ledger: str) -> None:
        """Put the record's counts, as they are now, in the place of the hot counts."""
        sequence, counts = await asyncio.to_thread(self._record.counts)
        await self._counts.replace(ledger, sequence, counts)

    async def _advance(
        self, counts: CountDelta, sequence: int, target: int
    ) -> tuple[CountDelta, int]:
        """Counts at `target`, or as they are when they are there already or beyond."""
        while sequence < target:
            limit = min(_ENTRIES_PER_STEP, target - sequence)
            entries = await asyncio.to_thread(self._record.entries, sequence, limit)
            if not entries:
                raise LedgerMismatch(f"the ledger ends at {sequence}, the hot counts at {target}")
            counts = combine([counts, *(entry.delta for entry in entries)])
            sequence = entries[-1].sequence
        return counts, sequence

    def _announcements(self, entries: Iterable[LedgerEntry]) -> Iterator[tuple[str, bytes]]:
        for entry in entries:
            for pair, change in entry.delta.pairs.items():
                delta = PairDelta(
                    sequence=entry.sequence,
                    drug=pair.drug,
                    event=pair.event,
                    delta=change,
                    recorded_at=entry.recorded_at,
                )
                yield identity.signal_id(*pair), self._encode(delta)
