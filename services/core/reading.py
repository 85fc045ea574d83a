"""Messages to values, with what cannot be read set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.core.contracts import Note, PatientMerge
from services.core.errors import InvalidMessage
from services.core.ports import Message, Rejected

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An unreadable part of a message: its place from 0, a reason, a detail without text.

    `partly`: the note at that place was read, and this is what stood beside its text.
    """

    position: int
    reason: str
    detail: str
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message of a hospital holds. A Bundle holds several notes, and one of them may be
    unreadable while the others are fine: then the message is both read and a dead letter."""

    notes: tuple[Note, ...] = ()
    merges: tuple[PatientMerge, ...] = ()
    refused: tuple[Refusal, ...] = ()

    @property
    def complaint(self) -> tuple[str, str] | None:
        """Reason and detail of a dead letter for the unreadable parts; None if there are none."""
        if not self.refused:
            return None
        first = self.refused[0]
        count = f"{len(self.refused)} unreadable, {len(self.notes)} notes read"
        return first.reason, f"part {first.position}: {first.detail} ({count})"


def read_all(
    messages: Sequence[Message], read: Callable[[Message], T]
) -> tuple[list[T], list[Rejected]]:
    """Read each message; one that raises `InvalidMessage` is rejected, the others are returned."""
    values: list[T] = []
    rejected: list[Rejected] = []
    for message in messages:
        try:
            values.append(read(message))
        except InvalidMessage as error:
            rejected.append(Rejected(message, error.reason, error.detail))
    return values, rejected
