"""The JSON note: every wrong input has its reason, and no text is in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.adapters import wire
from services.core.contracts import Note, NoteStatus, Sex
from services.core.errors import InvalidMessage
from services.ingest.json_note import parse_json_note

LEAST: dict[str, object] = {
    "source": "st-marien",
    "note_id": "dm-0001",
    "patient_key": "p001",
    "written_at": "2026-03-02T10:15:00Z",
    "text": "Rash on amoxicillin.",
}


def message(**values: object) -> bytes:
    return json.dumps(LEAST | values).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in LEAST.items() if key != name}).encode()


def refusal(data: bytes, *, max_text_bytes: int = 1000) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        parse_json_note(data, max_text_bytes=max_text_bytes)
    return caught.value


def test_a_note_with_everything() -> None:
    note = parse_json_note(
        message(
            schema_version=1,
            version=3,
            status="current",
            sex="female",
            age_years=67,
            note_type="discharge summary",
            written_at="2026-03-02T11:15:00+01:00",
            ward="7b",
        )
    )
    assert note == Note(
        source="st-marien",
        note_id="dm-0001",
        version=3,
        patient_key="p001",
        written_at=datetime(2026, 3, 2, 10, 15, tzinfo=UTC),
        text="Rash on amoxicillin.",
        sex=Sex.FEMALE,
        age_years=67,
        note_type="discharge summary",
    )
    assert note.written_at.tzinfo is UTC


@pytest.mark.parametrize("absent", [{}, dict.fromkeys(["version", "status", "sex", "age_years"])])
def test_defaults_hold_for_what_is_absent_or_null(absent: dict[str, None]) -> None:
    note = parse_json_note(message(**absent))
    assert (note.version, note.status, note.sex) == (1, NoteStatus.CURRENT, Sex.UNKNOWN)
    assert note.age_years is None
    assert note.note_type is None


def test_what_the_wire_writes_is_a_json_note() -> None:
    note = parse_json_note(message(version=2, sex="male", age_years=0))
    assert parse_json_note(wire.encode(note)) == note
    assert wire.decode(Note, wire.encode(note)) == note


def test_a_retraction_needs_no_text_and_keeps_none() -> None:
    retraction = json.loads(without("text")) | {"status": "retracted"}
    assert parse_json_note(json.dumps(retraction).encode()).text == ""
    assert parse_json_note(message(status="retracted")).text == ""


def test_an_empty_text_is_a_text() -> None:
    assert parse_json_note(message(text="")).text == ""


@pytest.mark.parametrize("text", ["a\r\nb\tc\x01\x7f\u2028d", "😀 rash", "\ufeffrash", " rash "])
def test_the_text_stays_character_for_character(text: str) -> None:
    assert parse_json_note(message(text=text)).text == text


def test_nul_becomes_a_space_without_shifting_offsets() -> None:
    assert parse_json_note(message(text="ra\x00sh")).text == "ra sh"


def test_a_byte_order_mark_is_no_part_of_the_note() -> None:
    assert parse_json_note(b"\xef\xbb\xbf" + message()) == parse_json_note(message())


def test_of_a_name_that_occurs_twice_the_last_holds() -> None:
    doubled = message()[:-1] + b', "note_id": "dm-0002"}'
    assert parse_json_note(doubled).note_id == "dm-0002"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-json"),
        (b"\xff\xfe{}", "not-utf8"),
        (json.dumps(LEAST).encode("utf-16"), "not-utf8"),
        (message()[:-1], "not-json"),
        (b'{"text": NaN}', "not-json"),
        (b'{"text": 1e999}', "missing-field"),
        (b'{"text": "\\ud800"}', "not-json"),
        (b"[" * 500, "not-json"),
        (b'{"a":' * 500, "not-json"),
        (b"[]", "not-an-object"),
        (b'"note"', "not-an-object"),
        (b"{}", "missing-field"),
        (without("patient_key"), "missing-field"),
        (without("written_at"), "missing-field"),
        (without("text"), "missing-text"),
        (message(text=None), "missing-text"),
        (message(schema_version=2), "schema-too-new"),
        (message(schema_version=0), "invalid-value"),
        (message(schema_version="1"), "wrong-type"),
        (message(text=["rash"]), "wrong-type"),
        (message(note_id=17), "wrong-type"),
        (message(version="3"), "wrong-type"),
        (message(version=True), "wrong-type"),
        (message(written_at=1_772_446_500), "wrong-type"),
        (message(version=0), "invalid-value"),
        (message(version=2**63), "invalid-value"),
        (message(version=10**400), "invalid-value"),
        (message(age_years=-1), "invalid-value"),
        (message(age_years=151), "invalid-value"),
        (message(sex="f"), "invalid-value"),
        (message(status="deleted"), "invalid-value"),
        (message(source=""), "invalid-value"),
        (message(note_id="a\nb"), "invalid-value"),
        (message(note_id="x" * 201), "invalid-value"),
        (message(written_at="2026-03-02T10:15:00"), "invalid-value"),
        (message(written_at="2026-02-30T10:15:00Z"), "invalid-value"),
        (message(written_at="0001-01-01T00:00:00+10:00"), "invalid-value"),
        (message(written_at="yesterday"), "invalid-value"),
        (message(written_at="20260302"), "invalid-value"),
        (message(text="é" * 501), "too-large"),
        (b" " * 80_000, "too-large"),
    ],
)
def test_every_wrong_input_has_its_reason(data: bytes, reason: str) -> None:
    assert refusal(data).reason == reason


def test_the_refusal_names_the_field() -> None:
    assert "written_at" in refusal(message(written_at="yesterday")).detail


@pytest.mark.parametrize(
    "data",
    [
        message(text=["PATIENT"]),
        message(written_at="PATIENT"),
        message(sex="PATIENT"),
        message(PATIENT=1, version=0),
        message(version={"PATIENT": 1}),
        b'{"text": "PATIENT',
        b'{"text": "PATIENT \\ud800"}',
        b'{"text": "PATIENT \xff"}',
        message(text="PATIENT" * 1000),
    ],
)
def test_no_value_is_in_a_refusal(data: bytes) -> None:
    link: BaseException | None = refusal(data)
    while link is not None:
        assert "PATIENT" not in f"{link} {link!r}"
        link = link.__cause__ or link.__context__


def test_a_text_at_the_limit_is_read() -> None:
    assert len(parse_json_note(message(text="é" * 500), max_text_bytes=1000).text) == 500
