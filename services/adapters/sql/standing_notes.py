"""Which state of each note stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlmodel import col

from services.adapters.sql.settling import chunks
from services.adapters.sql.tables import NoteRow
from services.core.contracts import Extraction
from services.core.settlement import Moment


@dataclass(frozen=True, slots=True)
class Stored:
    """What is recorded of a note: which state of it, of which patient, and when written."""

    precedence: tuple[int, bool]
    patient: str
    moment: Moment


def winners(extractions: Sequence[Extraction]) -> dict[str, Extraction]:
    """Of each note of a batch the extraction that goes before the others."""
    found: dict[str, Extraction] = {}
    for extraction in extractions:
        rival = found.get(extraction.note_key)
        if rival is None or rival.precedence < extraction.precedence:
            found[extraction.note_key] = extraction
    return found


def stored(connection: Connection, keys: Iterable[str]) -> dict[str, Stored]:
    """Those notes that are recorded already."""
    found: dict[str, Stored] = {}
    for chunk in chunks(keys):
        query = select(
            col(NoteRow.note_key),
            col(NoteRow.version),
            col(NoteRow.retracted),
            col(NoteRow.case_key),
            col(NoteRow.written_at),
        ).where(col(NoteRow.note_key).in_(chunk))
        for row in connection.execute(query):
            found[row.note_key] = Stored(
                (row.version, row.retracted), row.case_key, (row.written_at, row.note_key)
            )
    return found
