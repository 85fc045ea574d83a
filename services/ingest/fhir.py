"""FHIR R4 in JSON: a DocumentReference, a Patient, or a Bundle of them, to notes and merges.

A Bundle may hold any resources; documents, patients with links, encounters and binaries are read.
Its documents are read one by one: what is wrong with one of them does not stop the others. A
notification of a Subscription without a document (handshake, heartbeat) is read and holds nothing.

A Patient with a link `replaced-by` is retired in favour of the other; with `replaces` the other is.
A document whose Patient comes with it also tells that its id on the server and its medical record
numbers are one patient (decision 0032).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace

from pydantic_core import from_json

from services.core.contracts import Note, PatientMerge
from services.core.errors import InvalidMessage
from services.core.reading import Reading, Refusal
from services.ingest.english import in_english
from services.ingest.fhir_document import Surroundings, read_document, source_of
from services.ingest.fhir_fields import first_time, of_patient_id, record_numbers, target_of
from services.ingest.fhir_models import (
    Binary,
    Bundle,
    DocumentReference,
    Encounter,
    Entry,
    Patient,
    validated,
)
from services.ingest.intake import Intake

_MARKUP_FACTOR = 11
"""Bytes of a message per byte of text: base64, of markup eight times as long as its text."""

_IDENTIFYING = (
    "id",
    "meta",
    "masterIdentifier",
    "identifier",
    "status",
    "docStatus",
    "subject",
    "date",
    "relatesTo",
    "context",
)
"""Elements that tell which document it is, and that another version of it is outdated."""

_NOTIFICATIONS = frozenset(["history", "subscription-notification"])


def parse_fhir(value: bytes, intake: Intake) -> Reading:
    """Read one FHIR resource.

    Raises:
        InvalidMessage: "not-json", "not-utf8", "fhir-invalid", "unsupported-resource",
            "no-document", or what the only document is refused for.
    """
    resource = _json(value, intake)
    kind = resource.get("resourceType")
    match kind:
        case "DocumentReference":
            return _document(resource, Surroundings(), intake)
        case "Patient":
            merges = tuple(_merges(validated(Patient, resource), None, intake))
            return Reading(merges=merges)
        case "Bundle":
            return _bundle(validated(Bundle, resource), intake)
        case _:
            raise InvalidMessage(
                "unsupported-resource", "DocumentReference, Patient and Bundle are read"
            )


def _json(value: bytes, intake: Intake) -> dict[str, object]:
    if len(value) > intake.max_text_bytes * _MARKUP_FACTOR:
        raise InvalidMessage("too-large", f"the message has {len(value)} bytes")
    data = value.removeprefix(codecs.BOM_UTF8)
    reason, detail = "", ""
    payload: object = None
    try:
        if data.lstrip().startswith(b"<"):
            reason, detail = "unsupported-format", "FHIR in XML is not read; send JSON"
        else:
            data.decode("utf-8")
            payload = from_json(data, allow_inf_nan=False)
    except UnicodeDecodeError as error:
        reason, detail = "not-utf8", f"at byte {error.start}"
    except ValueError as error:
        reason, detail = "not-json", str(error)  # position and kind, never the input
    if reason:
        raise InvalidMessage(reason, detail)
    if not isinstance(payload, dict):
        raise InvalidMessage("not-an-object", f"found {type(payload).__name__}")
    return payload


def _bundle(bundle: Bundle, intake: Intake) -> Reading:
    surroundings = _surroundings(bundle)
    read: list[Reading] = []
    refused: list[Refusal] = []
    for position, entry in enumerate(bundle.entry):
        try:
            # Here and not with other formats, for the answer to a batch names the entry.
            read.append(in_english(_entry(entry, bundle, surroundings, intake), position))
            refused.extend(read[-1].refused)
        except InvalidMessage as error:
            refused.append(Refusal(position, error.reason, error.detail))
    notes = tuple(note for item in read for note in item.notes)
    merges = tuple({merge.merge_id: merge for item in read for merge in item.merges}.values())
    if not notes and not merges:
        if refused:
            raise InvalidMessage(refused[0].reason, refused[0].detail)
        if bundle.type not in _NOTIFICATIONS:
            raise InvalidMessage("no-document", "the Bundle holds no DocumentReference")
    return Reading(notes, merges, tuple(refused))


def _entry(entry: Entry, bundle: Bundle, surroundings: Surroundings, intake: Intake) -> Reading:
    pointed = target_of(entry.fullUrl)
    if entry.resource is None and pointed is not None and pointed.type == "DocumentReference":
        raise InvalidMessage(
            "no-text", "the notification lacks its resource: ask for full-resource"
        )
    if entry.resource_type == "DocumentReference":
        if entry.request is not None and entry.request.method == "DELETE":
            raise InvalidMessage(
                "unsupported-event", "mark it entered-in-error instead of deleting"
            )
        return _document(entry.resource, surroundings, intake)
    if entry.resource_type == "Patient":
        patient = validated(Patient, entry.resource)
        return Reading(merges=tuple(_merges(patient, bundle.timestamp, intake)))
    return Reading()


def _document(resource: object, surroundings: Surroundings, intake: Intake) -> Reading:
    document, problem = _identified(resource)
    around = _contained(document, surroundings)
    reading = read_document(document, around, intake, problem)
    known = tuple(
        merge for note in reading.notes[:1] for merge in _known_as(document, around, note, intake)
    )
    # They come beside a document that is of use: else its refusal would look like a success.
    if known and in_english(reading, 0).notes:
        return replace(reading, merges=(*reading.merges, *known))
    return reading


def _identified(resource: object) -> tuple[DocumentReference, InvalidMessage | None]:
    """The document, or as much as tells which one it is and what is wrong with the rest."""
    try:
        return validated(DocumentReference, resource), None
    except InvalidMessage as error:
        problem = error
    known = resource if isinstance(resource, dict) else {}
    named = {element: known[element] for element in _IDENTIFYING if element in known}
    try:
        return validated(DocumentReference, named), problem
    except InvalidMessage:
        raise problem from None


def _known_as(
    document: DocumentReference, surroundings: Surroundings, note: Note, intake: Intake
) -> Iterator[PatientMerge]:
    """That the id of the document's Patient goes on as its medical record numbers."""
    target = target_of(document.subject.reference)
    if target is None or target.type != "Patient" or target.id in surroundings.provisional:
        return
    server = of_patient_id(target.id, note.source, intake)
    patient = surroundings.patient(document.subject)
    for number in record_numbers(document.subject, patient, note.source, intake):
        yield from number.absorbing(server, note.source, note.written_at)


def _merges(patient: Patient, timestamp: str | None, intake: Intake) -> Iterator[PatientMerge]:
    links = [link for link in patient.link if link.type in ("replaced-by", "replaces")]
    if not links:
        return
    source = source_of(patient.meta.source, intake)
    at = first_time(intake, patient.meta.lastUpdated, timestamp)
    if not patient.id or at is None:
        raise InvalidMessage("missing-field", "Patient.id, Patient.meta.lastUpdated")
    for link in links:
        target = target_of(link.other.reference)
        if target is None or target.type != "Patient":
            raise InvalidMessage("missing-field", "Patient.link.other")
        this = of_patient_id(patient.id, source, intake)
        other = of_patient_id(target.id, source, intake)
        kept, gone = (other, this) if link.type == "replaced-by" else (this, other)
        yield from kept.absorbing(gone, source, at)


def _surroundings(bundle: Bundle) -> Surroundings:
    found = Surroundings()
    for entry in bundle.entry:
        keys = [entry.fullUrl] if entry.fullUrl else []
        _keep(found, entry.resource_type, entry.resource, keys)
    found.provisional.update(_provisional(bundle))
    return found


def _provisional(bundle: Bundle) -> Iterator[str]:
    """The ids of Patients that a server is yet to create: it gives them others."""
    for entry in bundle.entry:
        created = entry.request is not None and entry.request.method == "POST"
        if created and entry.resource_type == "Patient":
            yield str((entry.resource or {}).get("id", ""))


def _contained(document: DocumentReference, surroundings: Surroundings) -> Surroundings:
    """What came with the Bundle, and what the document contains."""
    if not document.contained:
        return surroundings
    found = Surroundings(
        dict(surroundings.patients),
        dict(surroundings.encounters),
        dict(surroundings.binaries),
        surroundings.provisional,
    )
    for resource in document.contained:
        kind, local = resource.get("resourceType"), resource.get("id")
        if isinstance(kind, str) and isinstance(local, str):
            # Its id holds in this document only.
            anonymous = {name: value for name, value in resource.items() if name != "id"}
            _keep(found, kind, anonymous, [f"#{local}"])
    return found


def _keep(found: Surroundings, kind: str, resource: object, keys: list[str]) -> None:
    """A neighbour that is not valid is as good as absent: the document may do without it."""
    try:
        if kind == "Patient":
            patient = validated(Patient, resource)
            found.patients.update(dict.fromkeys(_named(kind, patient.id, keys), patient))
        elif kind == "Encounter":
            encounter = validated(Encounter, resource)
            found.encounters.update(dict.fromkeys(_named(kind, encounter.id, keys), encounter))
        elif kind == "Binary":
            binary = validated(Binary, resource)
            found.binaries.update(dict.fromkeys(_named(kind, binary.id, keys), binary))
    except InvalidMessage:
        return


def _named(kind: str, resource_id: str | None, keys: list[str]) -> list[str]:
    return [*keys, f"{kind}/{resource_id}"] if resource_id else keys
