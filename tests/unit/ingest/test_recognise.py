"""The format of a message: by content type, else by content."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.adapters import wire
from services.core.errors import InvalidMessage
from services.core.reading import Reading, Refusal
from services.ingest.intake import Intake
from services.ingest.json_note import parse_json_note
from services.ingest.recognise import FORMATS, Format, parse
from tests.samples.hospital import (
    INTAKE,
    attachment,
    bundle,
    document,
    encoded,
    hl7,
    oru,
    patient,
)

NOTE = json.dumps(
    {
        "source": "st-marien",
        "note_id": "dm-0001",
        "patient_key": "p001",
        "written_at": "2026-03-02T10:15:00Z",
        "text": 'He quotes {"resourceType": "Bundle"}, http://hl7.org/fhir and MSH|.',
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
    assert parse(NOTE, INTAKE, content_type=content_type) == Reading((parse_json_note(NOTE),))


@pytest.mark.parametrize(
    ("value", "content_type", "reason"),
    [
        (b"MSH|^~\\&|EHR|", None, "unsupported-event"),
        (b"\x0bMSH|^~\\&|EHR|", "application/octet-stream", "unsupported-event"),
        (b"", "application/hl7-v2", "not-hl7"),
        (b'{"resourceType": "DocumentReference"}', None, "missing-field"),
        (b'{\n "id": "1",\n "resourceType" : "Bundle"}', "application/json", "no-document"),
        (b'<Bundle xmlns="http://hl7.org/fhir">', None, "unsupported-format"),
        (b"{}", "application/fhir+json; fhirVersion=4.0", "unsupported-resource"),
        (NOTE, "text/plain", "unsupported-format"),
    ],
)
def test_each_format_is_recognised_and_its_own_parser_refuses(
    value: bytes, content_type: str | None, reason: str
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse(value, INTAKE, content_type=content_type)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "value",
    [hl7().encode(), b"\x0b" + hl7().encode(), hl7(charset="UNICODE UTF-16").encode("utf-16"),
     encoded(document())],
)  # fmt: skip
def test_messages_of_hospitals_are_recognised_by_content(value: bytes) -> None:
    (note,) = parse(value, INTAKE).notes
    assert "amoxicillin" in note.text


def test_a_note_in_another_language_is_set_aside_whatever_its_format() -> None:
    german = "Die Patientin entwickelte nach der Gabe von Amoxicillin einen Ausschlag und wurde"
    for value in (
        NOTE.replace(b"He quotes", german.encode() + b" und der und die"),
        hl7(observations=f"OBX|1|TX|N||{german}").encode(),
    ):
        with pytest.raises(InvalidMessage) as caught:
            parse(value, INTAKE)
        assert caught.value.reason == "unsupported-language"
        assert "Patientin" not in str(caught.value)


def test_one_note_in_another_language_does_not_stop_the_others() -> None:
    reading = parse(
        oru(
            ("R1", "OBX|1|TX|N||Die Lunge ist frei und der Patient wurde nach Hause entlassen"),
            ("R2", "OBX|1|TX|N||The lungs are clear."),
        ).encode(),
        INTAKE,
    )
    assert [note.note_id for note in reading.notes] == ["R2@RAD"]
    assert [item.reason for item in reading.refused] == ["unsupported-language"]


ENGLISH = "The patient was seen in the clinic. She had a rash on amoxicillin."
SPANISH = "La paciente refiere náuseas desde que inició metformina. Se suspende el fármaco."
MIXED = f"{ENGLISH}\n{SPANISH}\n{ENGLISH}"
LINES = "\r".join(f"OBX|{number}|TX|N||{line}" for number, line in enumerate(MIXED.split("\n")))
IN_TWO_LANGUAGES = document(content=[{"attachment": attachment(MIXED)}])


@pytest.mark.parametrize(
    ("value", "position"),
    [
        (json.dumps({**json.loads(NOTE), "text": MIXED}).encode(), 0),
        (encoded(IN_TWO_LANGUAGES), 0),
        (encoded(bundle(document(id="doc-0"), IN_TWO_LANGUAGES)), 1),
        (oru(("R1", "OBX|1|TX|N||Clear lungs."), ("R2", LINES)).encode(), 1),
        (hl7("MDM^T08", observations=LINES).encode(), 0),
    ],
)
def test_a_passage_in_another_language_is_refused_beside_its_note(
    value: bytes, position: int
) -> None:
    reading = parse(value, INTAKE)
    note = reading.notes[position]
    blank = " ".join(" " * len(word) for word in SPANISH.split())
    assert (note.status, note.text) == ("current", f"{ENGLISH}\n{blank}\n{ENGLISH}")
    start = len(ENGLISH) + 1
    assert reading.refused == (
        Refusal(
            position,
            "unsupported-language",
            f"not English: {len(SPANISH)} characters, passages: 1, the first from {start} to "
            f"{start + len(SPANISH)} (es)",
            partly=True,
        ),
    )
    # The gateway sends on what is left, and the next stage has nothing to say of it.
    assert parse(wire.encode(note), INTAKE).refused == ()


def test_a_merge_beside_a_note_in_another_language_is_kept() -> None:
    german = "Die Patientin entwickelte nach der Gabe von Amoxicillin einen Ausschlag und wurde"
    link = {"type": "replaced-by", "other": {"reference": "Patient/p-2"}}
    note = document(content=[{"attachment": attachment(german)}])
    reading = parse(encoded(bundle(patient(link=[link]), note)), INTAKE)
    assert (len(reading.notes), len(reading.merges)) == (0, 1)
    assert [item.reason for item in reading.refused] == ["unsupported-language"]


def test_a_declared_format_outweighs_the_content() -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse(b"MSH|", INTAKE, content_type="application/vnd.adewatch.note+json")
    assert caught.value.reason == "not-json"


def test_a_new_format_is_one_entry() -> None:
    def read(value: bytes, intake: Intake) -> Reading:
        return Reading((parse_json_note(NOTE),))

    csv = Format("CSV", frozenset(["text/csv"]), lambda head: head.startswith(b"id,"), read)
    expected = Reading((parse_json_note(NOTE),))
    assert parse(b"id,text", INTAKE, formats=(csv, *FORMATS)) == expected
    assert parse(b"", INTAKE, content_type="text/csv", formats=(csv, *FORMATS)) == expected


def test_the_limit_reaches_the_parser() -> None:
    with pytest.raises(InvalidMessage, match="too-large"):
        parse(NOTE, replace(INTAKE, max_text_bytes=10))
