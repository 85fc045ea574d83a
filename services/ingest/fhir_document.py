"""A FHIR R4 DocumentReference to notes.

    status / docStatus          the note is
    current                     current (docStatus preliminary, final and amended alike)
    superseded                  retracted: what replaced it is a note of its own
    entered-in-error (either)   retracted

`relatesTo` with code `replaces` also retracts its target; `appends` leaves its target alone: an
addendum is a note of its own. A successor that cannot be read retracts its target all the same.
So is the text that stands under the document's own id outdated by one that cannot be read, unless
meta.versionId is 1: then nothing stood there (decision 0036).

R4 defines `content` as "the document and format referenced", its repetitions "each with a different
format": they are renditions of one document. The first that says something is taken, and the others
are neither appended nor refused. Parts of a package (MIME) are refused beside its text. The version
is made of meta.lastUpdated, or else the document's own time, and meta.versionId (decision 0009).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from services.core.contracts import Note, NoteStatus
from services.core.errors import InvalidMessage
from services.core.reading import Reading
from services.ingest.attachments import Attachment as Document
from services.ingest.content import Content, reading_of, retraction_before
from services.ingest.fhir_fields import day_of, first_time, patient_of, sex_of, target_of
from services.ingest.fhir_models import (
    Attachment,
    Binary,
    DocumentReference,
    Encounter,
    Identifier,
    Patient,
    Reference,
    RelatesTo,
)
from services.ingest.intake import Intake, age_at, clean, label, name, version_of
from services.ingest.mime import read_parts

T = TypeVar("T")

_UNKNOWN_SOURCE = "fhir"
_GONE = frozenset(["superseded", "entered-in-error"])
_STATUSES = frozenset(["current", *_GONE])
_FIRST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The resources that come with a document, by every reference that may point to them.

    `provisional` are ids of Patients that hold in this Bundle only.
    """

    patients: dict[str, Patient] = field(default_factory=dict, repr=False)
    encounters: dict[str, Encounter] = field(default_factory=dict, repr=False)
    binaries: dict[str, Binary] = field(default_factory=dict, repr=False)
    provisional: set[str] = field(default_factory=set, repr=False)

    def patient(self, reference: Reference) -> Patient | None:
        """The Patient that a reference points to, if it came with the document."""
        return _lookup(self.patients, reference)


def source_of(meta_source: str | None, intake: Intake) -> str:
    """Who sends: as the door knows it, else meta.source without its fragment, else "fhir"."""
    given = intake.source or (meta_source or "").partition("#")[0]
    return label(given) or _UNKNOWN_SOURCE


def read_document(
    document: DocumentReference,
    surroundings: Surroundings,
    intake: Intake,
    problem: InvalidMessage | None = None,
) -> Reading:
    """The note of a document, and retractions of those it replaces.

    Args:
        document: as far as it is valid.
        surroundings: what came with it.
        intake: the door it comes in by.
        problem: why its content cannot be looked at, if it cannot.

    Raises:
        InvalidMessage: "missing-field", "invalid-value", "no-text", or a reason of attachments.
    """
    source = source_of(document.meta.source, intake)
    patient = _lookup(surroundings.patients, document.subject)
    pseudonym = patient_of(document.subject, patient, source, intake)
    written_at = _written_at(document, surroundings, intake)
    gone = document.status in _GONE or document.docStatus == "entered-in-error"
    note = Note(
        source=source,
        note_id=name(_document_id(document), "id"),
        version=_version(document, written_at, intake),
        patient_key=pseudonym.key,
        written_at=written_at,
        text="",
        status=NoteStatus.RETRACTED,
        sex=sex_of(patient),
        age_years=age_at(day_of(patient.birthDate) if patient else None, written_at),
        note_type=label(document.type.label if document.type else None),
    )
    if gone:
        reading = Reading((note,))
    else:
        outdated = list(_replaced(document, note))
        if document.docStatus == "amended" or _rank(document) != _FIRST_VERSION:
            outdated.append(retraction_before(note))

        def read() -> Content:
            if problem is not None:
                raise problem
            _check(document)
            return _content(document, surroundings, intake.max_text_bytes)

        reading = reading_of(note, read, outdated)
    return replace(reading, merges=pseudonym.merges(source, written_at))


def _document_id(document: DocumentReference) -> str:
    if document.id:
        return document.id
    identifiers = [document.masterIdentifier, *document.identifier]
    return next((found for item in identifiers if (found := _identifier(item))), "")


def _identifier(identifier: Identifier | None) -> str:
    return (identifier.value or "") if identifier is not None else ""


def _written_at(
    document: DocumentReference, surroundings: Surroundings, intake: Intake
) -> datetime:
    period = document.context.period
    encounters = (
        _lookup(surroundings.encounters, reference) for reference in document.context.encounter
    )
    periods = [period, *(encounter.period for encounter in encounters if encounter is not None)]
    found = first_time(
        intake,
        document.date,
        *(content.attachment.creation for content in document.content),
        *(item.start for item in periods if item is not None),
        document.meta.lastUpdated,
    )
    if found is None:
        raise InvalidMessage("missing-field", "date")
    return found


def _version(document: DocumentReference, written_at: datetime, intake: Intake) -> int:
    changed_at = first_time(intake, document.meta.lastUpdated) or written_at
    return version_of(changed_at, _rank(document))


def _rank(document: DocumentReference) -> int:
    """meta.versionId where it is a number, else 0."""
    number = document.meta.versionId or ""
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0


def _check(document: DocumentReference) -> None:
    """Pass for a document that says plainly what it is and what it replaces."""
    if document.status not in _STATUSES:
        raise InvalidMessage("invalid-value", "status: current, superseded or entered-in-error")
    for relation in document.relatesTo:
        if relation.code == "replaces":
            name(_target_id(relation), "relatesTo.target")


def _target_id(relation: RelatesTo) -> str:
    target = target_of(relation.target.reference)
    return target.id if target is not None else _identifier(relation.target.identifier)


def _replaced(document: DocumentReference, note: Note) -> Iterator[Note]:
    """Retractions of the other documents that it names as replaced."""
    for relation in document.relatesTo:
        if relation.code != "replaces":
            continue
        try:
            replaced_id = name(_target_id(relation), "relatesTo.target")
        except InvalidMessage:
            continue  # the document is refused for it
        if replaced_id != note.note_id:
            yield replace(note, note_id=replaced_id, status=NoteStatus.RETRACTED, text="")


def _content(document: DocumentReference, surroundings: Surroundings, max_bytes: int) -> Content:
    problems: list[InvalidMessage] = []
    silent: Content | None = None
    for content in document.content:
        try:
            found = _rendition(_fetched(content.attachment, surroundings), max_bytes)
        except InvalidMessage as error:
            problems.append(error)
            continue
        if found.text.strip():
            return found
        silent = silent or found
    if silent is not None:
        return silent
    if not problems:
        raise InvalidMessage("no-text", "content: no attachment")
    raise InvalidMessage(problems[0].reason, problems[0].detail)


def _rendition(document: Document, max_bytes: int) -> Content:
    texts, problems = read_parts(document, max_bytes)
    if not texts:
        raise InvalidMessage(problems[0].reason, problems[0].detail)
    return Content(clean("\n".join(texts), max_bytes), tuple(problems))


def _fetched(attachment: Attachment, surroundings: Surroundings) -> Document:
    """The document of an attachment; a URL counts if it points into the Bundle."""
    if attachment.data is not None:
        return Document(attachment.contentType or "", _from_base64(attachment.data))
    binary = _lookup(surroundings.binaries, Reference(reference=attachment.url))
    if binary is not None and binary.data is not None:
        media_type = attachment.contentType or binary.contentType or ""
        return Document(media_type, _from_base64(binary.data))
    if attachment.url:
        raise InvalidMessage("unsupported-attachment", "a document by reference is not fetched")
    raise InvalidMessage("no-text", "content.attachment: neither data nor url")


def _from_base64(data: str) -> bytes:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        pass
    raise InvalidMessage("invalid-attachment", "content.attachment.data is not base64")


def _lookup(known: Mapping[str, T], reference: Reference) -> T | None:
    target = target_of(reference.reference)
    keys = [reference.reference or "", f"{target.type}/{target.id}" if target else ""]
    return next((known[key] for key in keys if key in known), None)
