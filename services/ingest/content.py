"""The text of a document, what beside it was refused, and what becomes outdated with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from services.core.contracts import Note, NoteStatus
from services.core.errors import InvalidMessage
from services.core.reading import Reading, Refusal
from services.ingest.english import require_english


@dataclass(frozen=True, slots=True)
class Content:
    """What a document holds: its text, and why parts beside it were not read."""

    text: str = field(repr=False)
    refused: tuple[InvalidMessage, ...] = ()


def reading_of(
    note: Note, read: Callable[[], Content], outdated: Sequence[Note], position: int = 0
) -> Reading:
    """A note with its content, or what it makes outdated with the reason why it is not read.

    Args:
        note: all of the note but its text, as a retraction.
        read: its content; raises InvalidMessage.
        outdated: retractions of what the note replaces; those of other notes come with it, one of
            itself only stands in for it.
        position: of the note in its message.

    Raises:
        InvalidMessage: the content cannot be read, and nothing is outdated.
    """
    try:
        content = read()
        current = replace(note, status=NoteStatus.CURRENT, text=content.text)
        if outdated:
            require_english(current)  # else asked where nothing depends on the answer
    except InvalidMessage as error:
        if not outdated:
            raise
        return Reading(tuple(outdated), refused=(Refusal(position, error.reason, error.detail),))
    replaced = (other for other in outdated if other.note_id != note.note_id)
    beside = (Refusal(position, item.reason, item.detail, partly=True) for item in content.refused)
    return Reading((current, *replaced), refused=tuple(beside))


def retraction_before(note: Note) -> Note:
    """The retraction of all that stood before a version of a note.

    Its own version is one lower: when the note is sent again and can be read, it counts.
    """
    version = max(1, note.version - 1)
    return replace(note, version=version, status=NoteStatus.RETRACTED, text="")
