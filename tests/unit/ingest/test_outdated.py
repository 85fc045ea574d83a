"""What a message replaces stops counting, readable or not."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from services.core.contracts import NoteStatus
from services.core.errors import InvalidMessage
from services.core.pseudonyms import Pseudonymiser, parse_keys
from services.core.reading import Reading
from services.ingest.recognise import parse
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import RASH, extraction, retraction
from tests.samples.hospital import (
    INTAKE,
    KEY,
    TEXT,
    attachment,
    base64_of,
    bundle,
    document,
    encoded,
    hl7,
    oru,
)

GERMAN = "Die Patientin entwickelte nach der Gabe von Amoxicillin einen Ausschlag und wurde"
PDF = f"OBX|1|ED|N||^application^PDF^Base64^{base64_of('%PDF-1.4')}||||||F"
UNREADABLE = {"unsupported-attachment": PDF, "unsupported-language": f"OBX|1|TX|N||{GERMAN}",
              "no-text": "OBX|1|NM|N||7||||||F"}  # fmt: skip
REPLACES = [{"code": "replaces", "target": {"reference": "DocumentReference/doc-0"}}]
PDF_CONTENT = [{"attachment": attachment("%PDF-", "application/pdf")}]


def outcome(reading: Reading) -> list[tuple[str, str]]:
    assert all(note.text == "" for note in reading.notes if note.status is NoteStatus.RETRACTED)
    return [(note.note_id, note.status.value) for note in reading.notes]


def standing(message: str) -> tuple[int, bool]:
    """How the record orders the state of the only note: the greatest one stands."""
    (note,) = parse(message.encode(), INTAKE).notes
    return note.version, note.status is NoteStatus.RETRACTED


@pytest.mark.parametrize("reason", UNREADABLE)
def test_an_unreadable_replacement_still_retracts_its_parent(reason: str) -> None:
    message = hl7("MDM^T10", number="N2", parent="N1", observations=UNREADABLE[reason])
    reading = parse(message.encode(), INTAKE)
    assert outcome(reading) == [("N1", "retracted")]
    assert [(item.position, item.reason, item.partly) for item in reading.refused] == [
        (reading.refused[0].position, reason, False)
    ]
    readable = parse(hl7("MDM^T10", number="N2", parent="N1").encode(), INTAKE)
    assert reading.notes[0] == readable.notes[1]


@pytest.mark.parametrize("reason", UNREADABLE)
@pytest.mark.parametrize("event", ["MDM^T08", "MDM^T10"])
def test_an_unreadable_edit_retracts_what_it_edits(event: str, reason: str) -> None:
    reading = parse(hl7(event, observations=UNREADABLE[reason]).encode(), INTAKE)
    assert outcome(reading) == [("DOC1@EHR", "retracted")]
    assert [item.reason for item in reading.refused] == [reason]


def test_the_edit_counts_when_it_is_read_later_and_the_older_text_does_not() -> None:
    retraction = standing(hl7("MDM^T08", observations=PDF))
    assert standing(hl7("MDM^T02")) < standing(hl7("MDM^T04")) < retraction
    assert retraction < standing(hl7("MDM^T08")) < standing(hl7("MDM^T11"))


def test_the_text_of_an_edit_counts_with_its_pdf_refused() -> None:
    message = hl7("MDM^T08", observations=f"OBX|1|TX|N||{TEXT}||||||F\r{PDF}")
    reading = parse(message.encode(), INTAKE)
    assert outcome(reading) == [("DOC1@EHR", "current")]
    assert [item.partly for item in reading.refused] == [True]


@pytest.mark.parametrize("event", ["MDM^T02", "MDM^T04", "MDM^T06"])
def test_other_unreadable_documents_retract_nothing(event: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse(hl7(event, parent="N1", observations=PDF).encode(), INTAKE)
    assert caught.value.reason == "unsupported-attachment"


def test_an_unreadable_correction_of_a_report_retracts_it() -> None:
    reading = parse(oru(("R1", PDF), ("R2", "OBX|1|TX|N||clear"), status="C").encode(), INTAKE)
    assert outcome(reading) == [("R1@RAD", "retracted"), ("R2@RAD", "current")]
    assert [(item.position, item.reason) for item in reading.refused] == [
        (0, "unsupported-attachment")
    ]
    with pytest.raises(InvalidMessage):
        parse(oru(("R1", PDF)).encode(), INTAKE)


def test_a_new_key_still_merges_when_only_the_retraction_is_left() -> None:
    rotated = replace(INTAKE, pseudonyms=Pseudonymiser(parse_keys(f"k2:{'n' * 16} {KEY}")))
    for value in (
        hl7("MDM^T08", observations=PDF).encode(),
        encoded(document(relatesTo=REPLACES, content=PDF_CONTENT)),
    ):
        reading = parse(value, rotated)
        assert [merge.surviving for merge in reading.merges] == [reading.notes[0].patient_key]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(PDF_CONTENT, "unsupported-attachment"), ([], "no-text"),
     ([{"attachment": attachment(GERMAN)}], "unsupported-language")],
)  # fmt: skip
def test_an_unreadable_successor_still_retracts_what_it_replaces(
    content: list[object], reason: str
) -> None:
    successor = document(relatesTo=REPLACES, content=content)
    reading = parse(encoded(successor), INTAKE)
    assert outcome(reading) == [("doc-0", "retracted")]
    assert [item.reason for item in reading.refused] == [reason]
    within = parse(encoded(bundle(document(id="doc-2"), successor)), INTAKE)
    assert outcome(within) == [("doc-2", "current"), ("doc-0", "retracted")]
    assert [(item.position, item.reason) for item in within.refused] == [(1, reason)]


@pytest.mark.parametrize("content", [PDF_CONTENT, [{"attachment": attachment(GERMAN)}]])
def test_an_unreadable_amendment_retracts_what_it_amends(content: list[object]) -> None:
    reading = parse(encoded(document(docStatus="amended", content=content)), INTAKE)
    assert outcome(reading) == [("doc-1", "retracted")]
    assert len(reading.refused) == 1
    (readable,) = parse(encoded(document(docStatus="amended")), INTAKE).notes
    assert reading.notes[0].version == readable.version - 1


def test_an_appendix_that_cannot_be_read_retracts_nothing() -> None:
    appended = [{**REPLACES[0], "code": "appends"}]
    with pytest.raises(InvalidMessage):
        parse(encoded(document(relatesTo=appended, content=PDF_CONTENT)), INTAKE)


def updated(**changes: object) -> dict[str, object]:
    """The same document an hour later, as its server's second version."""
    return document(meta={"versionId": "2", "lastUpdated": "2026-03-02T11:15:00Z"}) | changes


BROKEN: list[tuple[dict[str, object], str]] = [
    ({"content": PDF_CONTENT}, "unsupported-attachment"),
    ({"content": [{"attachment": {"url": "Binary/elsewhere"}}]}, "unsupported-attachment"),
    ({"content": [{"attachment": {"data": "%%"}}]}, "invalid-attachment"),
    ({"content": [{"attachment": attachment("<a", "text/xml")}]}, "invalid-attachment"),
    ({"content": [{"attachment": attachment(b"\xff\xfe")}]}, "wrong-charset"),
    ({"content": []}, "no-text"),
    ({"content": [{"attachment": attachment(GERMAN)}]}, "unsupported-language"),
    ({"content": "text"}, "fhir-invalid"),
    ({"contained": ["text"]}, "fhir-invalid"),
    ({"status": "draft"}, "invalid-value"),
    ({"relatesTo": [{"code": "replaces"}]}, "missing-field"),
]


@pytest.mark.parametrize(("broken", "reason"), BROKEN)
def test_an_unreadable_update_retracts_the_version_before_it(
    broken: dict[str, object], reason: str
) -> None:
    reading = parse(encoded(updated(**broken)), INTAKE)
    assert outcome(reading) == [("doc-1", "retracted")]
    assert [(item.reason, item.partly) for item in reading.refused] == [(reason, False)]
    (readable,) = parse(encoded(updated()), INTAKE).notes
    assert reading.notes[0].version == readable.version - 1
    within = parse(encoded(bundle(document(id="doc-2"), updated(**broken))), INTAKE)
    assert outcome(within) == [("doc-2", "current"), ("doc-1", "retracted")]
    assert [(item.position, item.reason) for item in within.refused] == [(1, reason)]


@pytest.mark.parametrize(
    "meta",
    [None, {"lastUpdated": "2026-03-02T11:15:00Z"}, {"versionId": "1-a"}, {"versionId": "0"}],
)
def test_what_is_not_known_to_be_the_first_version_may_be_an_update(meta: object) -> None:
    reading = parse(encoded(document(meta=meta, content=PDF_CONTENT)), INTAKE)
    assert outcome(reading) == [("doc-1", "retracted")]


@pytest.mark.parametrize(("broken", "reason"), BROKEN)
def test_an_unreadable_first_version_retracts_nothing(
    broken: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse(encoded(document(**broken)), INTAKE)
    assert caught.value.reason == reason


def test_of_a_successor_that_is_broken_every_target_that_it_names_is_retracted() -> None:
    named = document(relatesTo=[{"code": "replaces"}, *REPLACES])
    reading = parse(encoded(named), INTAKE)
    assert outcome(reading) == [("doc-0", "retracted")]
    assert [item.reason for item in reading.refused] == ["missing-field"]


@pytest.mark.parametrize(
    "gone",
    [
        {"status": "entered-in-error"},
        {"docStatus": "entered-in-error"},
        {"docStatus": "entered-in-error", "status": "unheard-of"},
        {"status": "entered-in-error", "content": []},
        {"status": "entered-in-error", "content": PDF_CONTENT},
        {"status": "entered-in-error", "content": "text"},
        {"status": "superseded", "content": None},
    ],
)
def test_what_was_entered_in_error_is_retracted_whatever_it_holds(gone: dict[str, object]) -> None:
    reading = parse(encoded(updated(**gone)), INTAKE)
    assert outcome(reading) == [("doc-1", "retracted")]
    assert reading.refused == ()
    (readable,) = parse(encoded(updated()), INTAKE).notes
    assert reading.notes[0].version == readable.version


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_whatever_order_they_arrive_the_text_before_an_unreadable_update_does_not_count(
    order: tuple[int, ...],
) -> None:
    update = updated(content=PDF_CONTENT)
    earlier = document(meta={"versionId": "1", "lastUpdated": "2026-03-02T10:15:00Z"})
    arriving = [earlier, update, update]
    record = MemoryCaseRecord(clock=FakeClock())

    def arrives(resource: dict[str, object]) -> None:
        for note in parse(encoded(resource), INTAKE).notes:
            if note.status is NoteStatus.RETRACTED:
                record.apply([retraction(note.note_id, version=note.version)])
            else:
                record.apply([extraction(note.note_id, RASH, version=note.version)])

    for place in order:
        arrives(arriving[place])
    assert record.counts()[1].total == 0
    # What the dead letter holds counts once it can be read.
    arrives(updated())
    assert record.counts()[1].pairs == {RASH: 1}
