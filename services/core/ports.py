"""What the stages need from the outside, as protocols. Adapters implement them; tests fake them.

An implementation raises `DependencyUnavailable` when its component does not answer in time, and
`IntegrityError` when what it finds there contradicts the record. Nothing else escapes. What only
reading notes needs is in `services.core.model_ports`, counting in `counting_ports`, statistics in
`statistics_ports`, alerting in `alert_ports`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.core.contracts import MentionType, Named, Pair
from services.core.signal_contracts import Signal


class Clock(Protocol):
    """The time, as a parameter."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class Vocabulary(Protocol):
    """Names what mentions are counted under. Immutable: another one has another version."""

    @property
    def version(self) -> str:
        """Changes whenever any surface could be named otherwise."""
        ...

    def name(self, mention_type: MentionType, surface: str) -> Named:
        """The concept of a surface and its coding; the normalised surface if it is unknown."""
        ...


class Publisher(Protocol):
    """Writes to a topic and returns when the broker has acknowledged all of it."""

    async def publish(self, topic: str, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send (key, value) messages; on return all are durable."""
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
