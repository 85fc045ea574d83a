"""Files of notes: our own and public ones, and lines that are no notes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from services.core.contracts import Note
from services.core.errors import InvalidMessage
from services.ingest.jsonl import Line, read_notes

THEN = datetime(2026, 3, 1, tzinfo=UTC)


def read(tmp_path: Path, *lines: object) -> list[Line]:
    path = tmp_path / "corpus.jsonl"
    raw = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(raw), encoding="utf-8")
    return list(read_notes(path, written_at=THEN))


def note(line: Line) -> Note:
    assert isinstance(line.note, Note)
    return line.note


def test_a_json_note_is_read_as_it_is(tmp_path: Path) -> None:
    whole = {
        "source": "a",
        "note_id": "n",
        "version": 3,
        "patient_key": "p",
        "written_at": "2025-01-01T00:00:00Z",
        "text": "t",
    }
    (line,) = read(tmp_path, whole)
    read_note = note(line)
    assert (read_note.source, read_note.note_id, read_note.version) == ("a", "n", 3)
    assert (read_note.patient_key, read_note.written_at.year) == ("p", 2025)


def test_what_a_public_corpus_lacks_is_filled_in(tmp_path: Path) -> None:
    first, second = read(
        tmp_path, {"sample_ids": [29, 30], "transcription": "Urology letter"}, {"text": "second"}
    )
    assert note(first).text == "Urology letter"
    assert (note(first).note_id, note(first).patient_key) == ("29", "29")
    assert (note(first).source, note(first).written_at) == ("corpus", THEN)
    assert note(second).note_id == "line-2"


def test_blank_lines_are_left_out_and_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    lines = read(tmp_path, {"text": "a"}, "", "   ", {"text": "b"})
    assert [line.number for line in lines] == [1, 4]


def test_a_line_that_is_no_note_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    lines = read(tmp_path, "{broken", "[1]", {"id": 1}, {"text": 7}, {"text": "good"})
    reasons = [
        line.note.reason if isinstance(line.note, InvalidMessage) else "note" for line in lines
    ]
    assert reasons == ["not-json", "not-an-object", "missing-text", "wrong-type", "note"]
    assert lines[0].raw.strip() == b"{broken"
