"""What the stages need from the outside, as protocols. Adapters implement them; tests fake them.

An implementation raises `DependencyUnavailable` when its component does not answer in time, and
`IntegrityError` when what it finds there contradicts the record. Nothing else escapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.core.contracts import (
    Extraction,
    MentionType,
    Named,
    Pair,
    PatientMerge,
    Table,
    Versions,
)
from services.core.counts import CountDelta
from services.core.signal_contracts import Signal

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


class Clock(Protocol):
    """The time, as a parameter."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text as the models see it.

    Attributes:
        ids: token ids with the special tokens of the model, shape [tokens].
        offsets: (start, end) in characters of the text per token; (0, 0) for special tokens.
        word_ids: index of the pre-tokenised word per token; None for special tokens.
    """

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    word_ids: tuple[int | None, ...]


class Vocabulary(Protocol):
    """Names what mentions are counted under. Immutable: another one has another version."""

    @property
    def version(self) -> str:
        """Changes whenever any surface could be named otherwise."""
        ...

    def name(self, mention_type: MentionType, surface: str) -> Named:
        """The concept of a surface and its coding; the normalised surface if it is unknown."""
        ...


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


class TokenEncoder(Protocol):
    """Text to token ids, with the tokenizer of a trained model. Never truncates."""

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """One encoding per text, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Inference:
    """What a model answered.

    Attributes:
        probabilities: [batch, tokens, columns] for ner, [batch, pairs, classes] for relation.
        version: the version of the model that answered.
        statuses: [batch, pairs, statuses] of a relation model that has a head for them.
    """

    probabilities: FloatArray
    version: str
    statuses: FloatArray | None = None


class TokenModel(Protocol):
    """A neural model behind an inference server: token ids in, probabilities out."""

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        """Run one padded batch.

        Args:
            input_ids: shape [batch, tokens].
            attention_mask: shape [batch, tokens], 1 for tokens and 0 for padding.
            pairs: what a relation model of the levitated form is asked about: first and last
                token of drug and event, shape [batch, pairs, 4], -1 for padding.
        """
        ...


class Publisher(Protocol):
    """Writes to a topic and returns when the broker has acknowledged all of it."""

    async def publish(self, topic: str, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send (key, value) messages; on return all are durable."""
        ...


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


@dataclass(frozen=True, slots=True)
class SignalStatus:
    """What the record knows of a signal: its last transition and whether it is an SDR now."""

    revision: int
    active: bool


class SignalRecord(Protocol):
    """The record of signals and their transitions, and the outbox to pv.signals."""

    def statuses(self, pairs: Sequence[Pair]) -> Mapping[Pair, SignalStatus]:
        """Status of those pairs that ever were a signal."""
        ...

    def active_pairs(self) -> list[Pair]:
        """Pairs that are an SDR now."""
        ...

    def record(self, signals: Sequence[Signal]) -> list[Signal]:
        """In one transaction write transitions; one whose revision exists already is ignored.

        Returns:
            Those that were written.
        """
        ...

    def unpublished(self, limit: int) -> list[Signal]:
        """Transitions not yet acknowledged by pv.signals, oldest first."""
        ...

    def mark_published(self, transition_ids: Sequence[str]) -> None:
        """Take transitions out of the outbox."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it lies in a topic."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that will never be processable, with a stable reason and a detail without text.

    `partly`: its notes were processed, and this is what stood beside their texts.
    """

    message: Message
    reason: str
    detail: str
    partly: bool = False


class Stage(Protocol):
    """What a worker does with its topic. Everything in it is safe to do twice."""

    name: str

    async def recover(self) -> None:
        """Finish what an earlier process left half done; called before the first batch."""
        ...

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        """Process messages of the topic; on return their effects are durable.

        Returns:
            The messages to dead-letter; all others are finished.

        Raises:
            DependencyUnavailable: nothing is lost and the same messages may be offered again.
            IntegrityError: the stage must stop.
        """
        ...


class DeadLetters(Protocol):
    """Keeps what cannot be processed, with reason and origin."""

    async def keep(self, stage: str, rejected: Sequence[Rejected]) -> None:
        """Write to the dead-letter topics; on return all are durable."""
        ...
