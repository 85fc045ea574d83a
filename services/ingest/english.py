"""Of what a message holds, what is English: notes in other languages are refused, and of notes that
are so in part, those passages are left out and refused beside the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.core.contracts import Note, NoteStatus
from services.core.errors import InvalidMessage
from services.core.reading import Reading, Refusal
from services.ingest.language import other_language
from services.ingest.passages import Passage, blanked, foreign_passages

_REASON = "unsupported-language"


def in_english(reading: Reading, position: int) -> Reading:
    """What one part of a message holds, with its notes of other languages and all else that is
    refused at its place."""
    notes: list[Note] = []
    refused = [replace(item, position=position) for item in reading.refused]
    for note in reading.notes:
        try:
            read, problem = english_part(note)
        except InvalidMessage as error:
            refused.append(Refusal(position, error.reason, error.detail))
            continue
        notes.append(read)
        if problem is not None:
            refused.append(Refusal(position, problem.reason, problem.detail, partly=True))
    return Reading(tuple(notes), reading.merges, tuple(refused))


def english_part(note: Note) -> tuple[Note, InvalidMessage | None]:
    """The note without its passages of other languages, and why they are not read.

    Spaces take their place, so that all offsets are those of the note as it was sent.

    Raises:
        InvalidMessage: "unsupported-language", if the note as a whole is not English.
    """
    require_english(note)
    passages = foreign_passages(note.text)
    if not passages:
        return note, None
    return replace(note, text=blanked(note.text, passages)), _problem(passages)


def require_english(note: Note) -> None:
    """Pass for a note that is English as a whole.

    Raises:
        InvalidMessage: "unsupported-language".
    """
    if note.status is NoteStatus.CURRENT and (language := other_language(note.text)) is not None:
        raise InvalidMessage(_REASON, f"the text is not English ({language})")


def _problem(passages: Sequence[Passage]) -> InvalidMessage:
    first = passages[0]
    characters = sum(passage.span.end - passage.span.start for passage in passages)
    return InvalidMessage(
        _REASON,
        f"not English: {characters} characters, passages: {len(passages)}, the first from "
        f"{first.span.start} to {first.span.end} ({first.language})",
    )
