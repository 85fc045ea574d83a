"""The format of a message: by content type, else by content."""

from __future__ import annotations

import json

import pytest

from services.core.contracts import Note
from services.core.errors import InvalidMessage
from services.ingest.json_note import parse_json_note
from services.ingest.recognise import FORMATS, Format, parse

NOTE = json.dumps(
    {
        "source": "st-marien",
        "note_id": "dm-0001",
        "patient_key": "p001",
        "written_at": "2026-03-02T10:15:00Z",
        "text": 'He quotes {"resourceType": "Bundle"} and MSH|.',
    }
).encode()


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/octet-stream",
        "application/vnd.adewatch.note+json",
    ],
)
def test_a_json_note_is_recognised(content_type: str | None) -> None:
    assert parse(NOTE, content_type=content_type) == parse_json_note(NOTE)


@pytest.mark.parametrize(
    ("value", "content_type", "named"),
    [
        (b"MSH|^~\\&|EHR|", None, "HL7 v2"),
        (b"\x0bMSH|^~\\&|EHR|", "application/octet-stream", "HL7 v2"),
        (b"", "application/hl7-v2", "HL7 v2"),
        (b'{"resourceType": "DocumentReference"}', None, "FHIR"),
        (b'{\n "id": "1",\n "resourceType" : "Bundle"}', "application/json", "FHIR"),
        (b'<Bundle xmlns="http://hl7.org/fhir">', None, "FHIR"),
        (b"{}", "application/fhir+json; fhirVersion=4.0", "FHIR"),
        (NOTE, "text/plain", "unknown content type"),
    ],
)
def test_formats_without_a_parser_are_refused_by_name(
    value: bytes, content_type: str | None, named: str
) -> None:
    with pytest.raises(InvalidMessage, match=named) as caught:
        parse(value, content_type=content_type)
    assert caught.value.reason == "unsupported-format"


def test_a_declared_format_outweighs_the_content() -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse(b"MSH|", content_type="application/vnd.adewatch.note+json")
    assert caught.value.reason == "not-json"


def test_a_new_format_is_one_entry() -> None:
    def read(value: bytes, *, max_text_bytes: int) -> Note:
        return parse_json_note(NOTE, max_text_bytes=max_text_bytes)

    csv = Format("CSV", frozenset(["text/csv"]), lambda head: head.startswith(b"id,"), read)
    assert parse(b"id,text", formats=(csv, *FORMATS)) == parse_json_note(NOTE)
    assert parse(b"", content_type="text/csv", formats=(csv, *FORMATS)) == parse_json_note(NOTE)


def test_the_limit_reaches_the_parser() -> None:
    with pytest.raises(InvalidMessage, match="too-large"):
        parse(NOTE, max_text_bytes=10)
