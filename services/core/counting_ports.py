"""What counting needs from the outside, as protocols: the record of cases and the hot counts.

Failures are those of `services.core.ports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.core.contracts import Extraction, Pair, PatientMerge, Table, Versions
from services.core.counts import CountDelta
from services.core.ports import Vocabulary


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One transaction's change of the counts. Sequences have no gaps and start at 1."""

    sequence: int
    delta: CountDelta
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a batch of extractions or merges: how many were new, and how many changed
    nothing."""

    applied: int
    ignored: int


@dataclass(frozen=True, slots=True)
class Remapped:
    """What a recount under another vocabulary changed.

    Attributes:
        read: relations read.
        renamed: relations that are of another pair now.
        cases: cases whose pairs changed.
        sequence: the ledger entry it made, None if no count changed.
    """

    read: int
    renamed: int
    cases: int
    sequence: int | None


@dataclass(frozen=True, slots=True)
class Resettled:
    """What dividing all evidence into cases anew changed.

    Attributes:
        read: counted relations read.
        moved: relations that are of another case, or of another source, now.
        sequence: the ledger entry it made, None if no count changed.
    """

    read: int
    moved: int
    sequence: int | None


class CaseRecord(Protocol):
    """The record of notes, evidence and cases, and the ledger of every change of the counts."""

    def ledger_id(self) -> str:
        """Identity of this ledger, made with the record."""
        ...

    def apply(self, extractions: Sequence[Extraction]) -> Applied:
        """In one transaction: keep the winning version of each note and its evidence, and write
        one ledger entry if any count changed. The same batch again changes nothing."""
        ...

    def merge(self, merges: Sequence[PatientMerge]) -> Applied:
        """In one transaction: make pseudonyms one patient, for the notes that are there and those
        to come, and write one ledger entry if any count changed. Neither the order of merges nor
        their direction, nor the notes between them, make a difference; again, nothing changes."""
        ...

    def resettle(self) -> Resettled:
        """In one transaction: decide for the whole evidence what is a copy and to which case it
        belongs, with the gap of this process, and write one ledger entry if any count changed."""
        ...

    def head(self) -> int:
        """Sequence of the newest ledger entry, 0 if there is none."""
        ...

    def entries(self, after: int, limit: int) -> list[LedgerEntry]:
        """Ledger entries with a greater sequence, in order."""
        ...

    def published(self) -> int:
        """Sequence up to which the ledger was published to pv.pairs."""
        ...

    def mark_published(self, sequence: int) -> None:
        """Advance `published`; never moves back."""
        ...

    def counts(self) -> tuple[int, CountDelta]:
        """All counts derived anew from the evidence, as one delta from zero, with the ledger
        sequence they belong to (read in one snapshot)."""
        ...

    def remap(self, vocabulary: Vocabulary) -> Remapped:
        """In one transaction: name every mention of the evidence anew, keep what it was called
        before, and write one ledger entry if any count changed. Again, it changes nothing."""
        ...

    def versions_of(self, pair: Pair) -> tuple[Versions, ...]:
        """Distinct versions behind the current evidence of a pair, in a fixed order."""
        ...


class HotCounts(Protocol):
    """The counts that detection reads, derived from the ledger; they may be lost and rebuilt."""

    async def applied(self, ledger_id: str) -> int | None:
        """Sequence of the last applied entry; None if there are no counts yet.

        Raises:
            LedgerMismatch: the counts were made from another ledger.
        """
        ...

    async def apply(self, ledger_id: str, entries: Sequence[LedgerEntry]) -> int:
        """Apply entries in one atomic call, ignoring those already applied.

        Returns:
            The sequence of the last applied entry.

        Raises:
            LedgerGap: the first new entry is not the next one.
            LedgerMismatch: the counts were made from another ledger.
        """
        ...

    async def replace(self, ledger_id: str, sequence: int, counts: CountDelta) -> None:
        """Atomically replace everything by `counts`, the state at `sequence`."""
        ...

    async def snapshot(self) -> tuple[int, CountDelta]:
        """Everything, as (sequence, counts as one delta from zero), consistently."""
        ...

    async def tables(self, pairs: Sequence[Pair]) -> tuple[int, list[Table]]:
        """Margins of the pairs at one moment, with the ledger sequence of that moment."""
        ...
