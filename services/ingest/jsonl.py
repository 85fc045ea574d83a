"""Notes from a file of JSON lines, for backfill, evaluation and trying things out.

A line is the project's JSON note, or any JSON object with a text: what the JSON note requires and
the line lacks is filled in, so that a public corpus can be read as it is.

    note field    taken from                                        else
    text          text, transcription, note
    note_id       note_id, id, sample_ids (the first one)           line-<number>
    source        source                                            the name of the file
    patient_key   patient_key, patient_id                           the note's own id
    written_at    written_at                                        the time given by the caller
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic_core import from_json, to_json

from services.core.contracts import Note
from services.core.errors import InvalidMessage
from services.ingest.intake import MAX_TEXT_BYTES
from services.ingest.json_note import parse_json_note

_TEXTS = ("text", "transcription", "note")
_IDS = ("note_id", "id", "sample_ids")
_PATIENTS = ("patient_key", "patient_id")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: its number from 1, its bytes, and the note or why there is none."""

    number: int
    raw: bytes
    note: Note | InvalidMessage


def read_notes(
    path: Path, *, written_at: datetime, max_text_bytes: int = MAX_TEXT_BYTES
) -> Iterator[Line]:
    """Every line that is not blank, in order; one line is in memory at a time.

    Args:
        path: the file.
        written_at: the time of notes that have none.
        max_text_bytes: longest text accepted, in bytes of UTF-8.
    """
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            if not raw.strip():
                continue
            try:
                completed = _completed(raw, path.stem, number, written_at)
                note: Note | InvalidMessage = parse_json_note(
                    completed, max_text_bytes=max_text_bytes
                )
            except InvalidMessage as error:
                note = error
            yield Line(number, raw, note)


def _completed(raw: bytes, source: str, number: int, written_at: datetime) -> bytes:
    try:
        line = from_json(raw, allow_inf_nan=False)
    except ValueError:
        return raw  # the parser says what is wrong
    if not isinstance(line, dict):
        return raw
    note_id = _identifier(line, _IDS) or f"line-{number}"
    line.setdefault("source", source)
    line.setdefault("written_at", written_at.isoformat())
    line["note_id"] = note_id
    line["patient_key"] = _identifier(line, _PATIENTS) or note_id
    for name in _TEXTS:
        if isinstance(line.get(name), str):
            line["text"] = line[name]
            break
    try:
        return to_json(line)
    except ValueError:
        return raw


def _identifier(line: dict[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = line.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            return str(value)
    return None
