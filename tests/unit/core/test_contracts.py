"""What the types of a note show of themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from services.core.contracts import Note
from services.core.ports import Message
from tests.fakes.extractions import RASH, extraction

WRITTEN = datetime(2026, 1, 1, 8, tzinfo=UTC)
TEXT = "Frau Beispiel got a rash"


def test_no_text_of_a_note_is_in_the_representation_of_what_is_read_from_it() -> None:
    read = extraction("note-1", RASH, evidence_text=TEXT)
    read = replace(
        read,
        mentions=tuple(replace(mention, text=TEXT, expansion=TEXT) for mention in read.mentions),
    )
    assert "note-1" in repr(read)
    assert TEXT not in repr(read)


def test_no_text_of_a_note_is_in_its_representation_or_its_message() -> None:
    note = Note(
        source="ehr",
        note_id="note-1",
        version=1,
        patient_key="p1",
        written_at=WRITTEN,
        text=TEXT,
    )
    message = Message("ehr.notes", 0, 7, WRITTEN, b"p1", TEXT.encode(), {})
    assert "note-1" in repr(note)
    assert TEXT not in repr(note)
    assert "offset=7" in repr(message)
    assert TEXT not in repr(message)
