"""FHIR R4: documents alone and in Bundles, their versions, merges, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.core.contracts import Note, NoteStatus, Sex
from services.core.errors import InvalidMessage
from services.core.pseudonyms import Pseudonymiser, parse_keys
from services.core.reading import Reading
from services.ingest.fhir import parse_fhir
from tests.samples.hospital import (
    CDA,
    HTML,
    INTAKE,
    KEY,
    RTF,
    TEXT,
    attachment,
    base64_of,
    bundle,
    document,
    encoded,
    encounter,
    package,
    patient,
)

Resource = dict[str, object]


def read(resource: Resource) -> Reading:
    return parse_fhir(encoded(resource), INTAKE)


def only(resource: Resource) -> Note:
    (note,) = read(resource).notes
    return note


def refusal(value: bytes | Resource) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        parse_fhir(value if isinstance(value, bytes) else encoded(value), INTAKE)
    return caught.value


def with_attachment(data: str | bytes, content_type: str | None) -> Resource:
    return document(content=[{"attachment": attachment(data, content_type)}])


def test_a_document_alone() -> None:
    note = only(document())
    assert note == Note(
        source="fhir",
        note_id="doc-1",
        version=note.version,
        patient_key=INTAKE.pseudonyms.pseudonym("fhir/Patient", "p-1").key,
        written_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        text=TEXT,
        note_type="Discharge summary",
    )


def test_a_patient_beside_it_gives_strata_and_the_same_pseudonym() -> None:
    note = only(bundle(patient(), encounter(), document()))
    assert (note.sex, note.age_years) == (Sex.FEMALE, 66)
    assert note.patient_key == only(document()).patient_key
    shown = repr(note)
    assert not [known for known in ("4711", "A123", "Doe", "1959") if known in shown]


def test_the_very_old_are_one_stratum() -> None:
    assert only(bundle(patient(birthDate="1926"), document())).age_years == 90


def test_an_encounter_tells_when_where_the_document_does_not() -> None:
    undated = document(date=None)
    assert only(bundle(encounter(), undated)).written_at.day == 27
    assert only(undated).written_at == datetime(2026, 3, 2, 10, 15, tzinfo=UTC)


def test_a_later_state_of_the_document_has_a_higher_version() -> None:
    def version(number: str, updated: str | None) -> int:
        meta = {"versionId": number} | ({"lastUpdated": updated} if updated else {})
        return only(document(meta=meta)).version

    noon, later = "2026-03-02T12:00:00Z", "2026-03-02T12:00:00.001Z"
    assert version("1", noon) < version("2", noon) < version("10", noon) < version("1", later)
    assert version("a-uuid", noon) < version("a-uuid", later)
    assert version("1", None) < version("2", None) < version("1", noon)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "superseded"},
        {"status": "entered-in-error"},
        {"docStatus": "entered-in-error"},
    ],
)
def test_what_is_no_longer_stood_by_is_retracted(changes: Resource) -> None:
    note = only(document(**changes, content=None))
    assert (note.status, note.text) == (NoteStatus.RETRACTED, "")


@pytest.mark.parametrize("status", ["preliminary", "final", "amended", None])
def test_other_states_of_the_document_are_current(status: str | None) -> None:
    assert only(document(docStatus=status)).status is NoteStatus.CURRENT


def test_a_replaced_document_is_retracted_by_its_successor() -> None:
    relation = {"code": "replaces", "target": {"reference": "DocumentReference/doc-0"}}
    meta = {"lastUpdated": "2026-03-03T00:00:00Z"}
    new, old = read(document(relatesTo=[relation], meta=meta)).notes
    assert (new.note_id, new.status) == ("doc-1", NoteStatus.CURRENT)
    assert (old.note_id, old.status, old.text) == ("doc-0", NoteStatus.RETRACTED, "")
    assert old.version > only(document(id="doc-0")).version


def test_an_addendum_leaves_its_document_alone() -> None:
    relation = {"code": "appends", "target": {"reference": "DocumentReference/doc-0"}}
    assert only(document(relatesTo=[relation])).note_id == "doc-1"


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        (TEXT, "text/plain", TEXT),
        (TEXT, "TEXT/PLAIN; charset=utf-8", TEXT),
        (TEXT, None, TEXT),
        ("Größe".encode("latin-1"), "text/plain;charset=iso-8859-1", "Größe"),
        ("a\r\nb\x00\x07c\td", "text/plain", "a\nb  c\td"),
        ("\ufeffrash 😀", "text/plain", "rash 😀"),
        (RTF, "application/rtf", "Assessment:\nThe patient developed a rash after amoxicillin, "
         "38.5°C."),
        (RTF, "text/plain", "Assessment:\nThe patient developed a rash after amoxicillin, "
         "38.5°C."),
        (HTML, "text/html", "Assessment\nThe patient developed a rash & fever\nafter amoxicillin."
         "\n- stop amoxicillin\n- see the nurse\nTemp | 38.5"),
        (CDA, "application/hl7-cda+xml", "Discharge summary\nAllergies\n- Amoxicillin: rash\n"
         "Plan\nStop amoxicillin.\nTemp | 38.5"),
        (CDA, "text/xml", "Discharge summary\nAllergies\n- Amoxicillin: rash\n"
         "Plan\nStop amoxicillin.\nTemp | 38.5"),
        ("<pre>a\n  b</pre>", "text/html", "a\nb"),
        ("", "text/plain", ""),
        ("", "text/html", ""),
    ],
)  # fmt: skip
def test_attachments_become_text(
    data: str | bytes, content_type: str | None, expected: str
) -> None:
    assert only(with_attachment(data, content_type)).text == expected


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        ("%PDF-1.7", "application/pdf", "unsupported-attachment"),
        ("%PDF-1.7", "text/plain", "unsupported-attachment"),
        (b"\x89PNG\r\n", None, "unsupported-attachment"),
        (b"\xff\xd8\xff", "image/jpeg", "unsupported-attachment"),
        ("x", "application/dicom", "unsupported-attachment"),
        (b"\x00\x01\x02", "application/octet-stream", "unsupported-attachment"),
        (b"\xff\xfe", "text/plain", "wrong-charset"),
        ("x", "text/plain;charset=klingon", "wrong-charset"),
        ("x", "text/plain;charset=hex", "wrong-charset"),
        ("<a", "text/xml", "invalid-attachment"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "text/xml", "invalid-attachment"),
        ("x" * 2_000_001, "text/plain", "too-large"),
        ("x" * 16_000_001, "text/html", "too-large"),
    ],
)
def test_other_attachments_say_why_they_are_not_read(
    data: str | bytes, content_type: str | None, reason: str
) -> None:
    assert refusal(with_attachment(data, content_type)).reason == reason


def test_the_readable_rendition_is_taken() -> None:
    contents = [{"attachment": attachment("%PDF-1", "application/pdf")},
                {"attachment": attachment()}]  # fmt: skip
    assert read(document(content=contents)).refused == ()
    assert only(document(content=contents)).text == TEXT
    assert only(document(content=contents[::-1])).text == TEXT


def test_of_several_readable_renditions_the_first_that_says_something_is_taken() -> None:
    renditions = [("", "text/plain"), (HTML, "text/html"), (TEXT, "text/plain")]
    contents = [{"attachment": attachment(data, kind)} for data, kind in renditions]
    assert only(document(content=contents)).text.startswith("Assessment\n")
    assert only(document(content=contents[:1])).text == ""


def test_a_package_is_one_rendition() -> None:
    data = package(f"Content-Type: text/html\n\n{HTML}", "Content-Type: image/png\n\nx")
    reading = read(with_attachment(data, "multipart/related"))
    assert "- stop amoxicillin" in reading.notes[0].text
    assert [(item.position, item.reason, item.partly) for item in reading.refused] == [
        (0, "unsupported-attachment", True)
    ]
    within = read(bundle(document(), with_attachment(data, None) | {"id": "doc-2"}))
    assert (len(within.notes), [item.position for item in within.refused]) == (2, [1])


def test_a_binary_of_the_bundle_is_the_document() -> None:
    pointing = document(content=[{"attachment": {"url": "Binary/b-1"}}])
    binary: Resource = {"resourceType": "Binary", "id": "b-1"}
    binary |= {"contentType": "text/plain", "data": base64_of(TEXT)}
    assert only(bundle(pointing, binary)).text == TEXT
    assert refusal(pointing).reason == "unsupported-attachment"


def test_identifiers_name_a_patient_that_only_the_bundle_refers_to() -> None:
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": patient(id=None)},
        {"resource": document(subject={"reference": "urn:uuid:1"})},
    ]
    note = only({"resourceType": "Bundle", "type": "message", "entry": entries})
    assert note.patient_key == INTAKE.pseudonyms.pseudonym("urn:hosp", "4711").key
    assert note.sex is Sex.FEMALE


def test_a_contained_patient_is_known_by_its_identifiers() -> None:
    note = only(document(subject={"reference": "#p-1"}, contained=[patient()]))
    assert note.patient_key == INTAKE.pseudonyms.pseudonym("urn:hosp", "4711").key


def test_the_door_or_the_server_names_the_source() -> None:
    meta = {"lastUpdated": "2026-03-02T10:15:00Z", "source": "http://ehr.example#request-7"}
    assert only(document(meta=meta)).source == "http://ehr.example"
    (note,) = parse_fhir(encoded(document(meta=meta)), replace(INTAKE, source="epic")).notes
    assert note.source == "epic"


def test_one_unreadable_document_does_not_stop_the_others() -> None:
    pdf = document(id="doc-2", content=[{"attachment": attachment("%PDF-", "application/pdf")}])
    broken = document(id="doc-3", content="text")
    reading = read(bundle(pdf, document(), broken, patient()))
    assert [note.note_id for note in reading.notes] == ["doc-1"]
    assert [(item.position, item.reason) for item in reading.refused] == [
        (0, "unsupported-attachment"),
        (2, "fhir-invalid"),
    ]


def test_a_broken_patient_beside_a_document_costs_only_its_strata() -> None:
    reading = read(bundle(patient(gender=["x"]), document()))
    assert [note.sex for note in reading.notes] == [Sex.UNKNOWN]


@pytest.mark.parametrize(("kind", "survivor"), [("replaced-by", "p-2"), ("replaces", "p-1")])
def test_links_of_patients_are_merges(kind: str, survivor: str) -> None:
    link = {"type": kind, "other": {"reference": "Patient/p-2"}}
    linked = patient(link=[link], identifier=[])
    (merge,) = read(linked).merges
    assert merge.surviving == INTAKE.pseudonyms.pseudonym("fhir/Patient", survivor).key
    assert merge.surviving != merge.retired
    assert read(bundle(linked, document())).merges == (merge,)


def test_links_that_merge_nothing_are_left_alone() -> None:
    link = {"type": "seealso", "other": {"reference": "Patient/p-2"}}
    assert read(patient(link=[link])) == Reading()


def test_a_new_key_merges_the_older_pseudonym() -> None:
    rotated = replace(INTAKE, pseudonyms=Pseudonymiser(parse_keys(f"k2:{'n' * 16} {KEY}")))
    reading = parse_fhir(encoded(document()), rotated)
    (merge,) = reading.merges
    assert (merge.surviving, merge.retired) == (
        reading.notes[0].patient_key,
        only(document()).patient_key,
    )


def test_a_notification_without_documents_holds_nothing() -> None:
    status: Resource = {"resourceType": "SubscriptionStatus", "id": "s", "type": "heartbeat"}
    assert read(bundle(status, kind="subscription-notification")) == Reading()
    assert read(bundle(status, kind="history")) == Reading()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"[]", "not-an-object"),
        (b"\xff{}", "not-utf8"),
        (b"<DocumentReference xmlns='http://hl7.org/fhir'/>", "unsupported-format"),
        (b"[" * 100_000, "not-json"),
        (encoded({"resourceType": "Observation"}), "unsupported-resource"),
        (encoded({}), "unsupported-resource"),
        (encoded(bundle(patient())), "no-document"),
        (encoded({"resourceType": "Bundle", "entry": {}}), "fhir-invalid"),
        (encoded({"resourceType": "Bundle", "entry": [{}] * 1001}), "fhir-invalid"),
        (encoded(document(id=None)), "missing-field"),
        (encoded(document(subject=None)), "missing-field"),
        (encoded(document(date=None, meta=None)), "missing-field"),
        (encoded(document(status="amended")), "invalid-value"),
        (encoded(document(status=None)), "invalid-value"),
        (encoded(document(content=[])), "no-text"),
        (encoded(document(content=[{"attachment": {}}])), "no-text"),
        (encoded(document(content=[{"attachment": {"data": "%%"}}])), "invalid-attachment"),
        (encoded(document(relatesTo=[{"code": "replaces"}])), "missing-field"),
        (encoded(patient(link=[{"type": "replaces"}])), "missing-field"),
    ],
)
def test_what_is_refused_says_why_without_the_content(value: bytes, reason: str) -> None:
    error = refusal(value)
    assert error.reason == reason
    assert not [known for known in ("4711", "Doe", "p-1", "rash") if known in str(error)]


def test_a_notification_by_id_only_asks_for_the_resource() -> None:
    entries = [{"fullUrl": "http://ehr/fhir/DocumentReference/1"}]
    value = {"resourceType": "Bundle", "type": "history", "entry": entries}
    assert refusal(json.dumps(value).encode()).detail.endswith("full-resource")


def test_a_table_with_one_long_cell_stays_as_large_as_it_is() -> None:
    rows = "<tr><td>a</td><td>b</td></tr>" * 5_000
    table = f"<table><tr><td>{'x' * 100_000}</td></tr>{rows}</table>"
    assert len(only(with_attachment(table, "text/html")).text) < 200_000
