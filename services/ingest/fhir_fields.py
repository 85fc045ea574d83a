"""What elements of FHIR resources mean: times, references, the patient."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.core.contracts import Sex
from services.core.errors import InvalidMessage
from services.core.pseudonyms import Pseudonym
from services.ingest.fhir_models import Identifier, Patient, Reference
from services.ingest.intake import Intake, in_utc

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_LITERAL = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]{1,60})/([A-Za-z0-9.-]{1,64})(?:/_history/[^/]{1,64})?$"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a literal reference points: the type and the id of a resource."""

    type: str
    id: str


def target_of(reference: str | None) -> Target | None:
    """The type and id of a relative or absolute reference; None for others (urn:uuid, #…)."""
    found = _LITERAL.search(reference or "")
    return Target(found.group(1), found.group(2)) if found else None


def first_time(intake: Intake, *texts: str | None) -> datetime | None:
    """The first of some elements that is a time, in UTC; of a mere date its first moment."""
    return next((found for text in texts if (found := _time(text, intake)) is not None), None)


def day_of(text: str | None) -> date | None:
    """A date that may lack its day or month; None if it is none."""
    found = _DATE.match((text or "")[:10])
    if found is None:
        return None
    year, month, day = (int(part) if part else 1 for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def sex_of(patient: Patient | None) -> Sex:
    """The stratum of the administrative gender."""
    gender = patient.gender if patient is not None else None
    return Sex(gender) if gender in set(Sex) else Sex.UNKNOWN


def patient_of(
    subject: Reference, patient: Patient | None, source: str, intake: Intake
) -> Pseudonym:
    """The pseudonym of the subject of a document.

    A literal reference (Patient/123) names the patient, since a document that comes without its
    Patient has nothing else; references that hold in one Bundle only (urn:uuid, #contained) do
    not, and the identifiers of the Patient do: the medical record number, else the first one.

    Raises:
        InvalidMessage: "missing-field".
    """
    target = target_of(subject.reference)
    if target is not None and target.type == "Patient":
        return of_patient_id(target.id, source, intake)
    given = _identifiers(subject, patient)
    if given:
        chosen = next((item for item in given if item.is_record_number), given[0])
        return _of_identifier(chosen, source, intake)
    if patient is not None and patient.id:
        return of_patient_id(patient.id, source, intake)
    raise InvalidMessage("missing-field", "subject")


def record_numbers(
    subject: Reference, patient: Patient | None, source: str, intake: Intake
) -> tuple[Pseudonym, ...]:
    """The pseudonyms of the medical record numbers that came with the subject of a document.

    Other numbers do not name one patient (a family has one insurance), nor does a number whose
    system is not told: another hospital of the same source may have given it to somebody else.
    """
    return tuple(
        _of_identifier(item, source, intake)
        for item in _identifiers(subject, patient)
        if item.is_record_number and (item.system or "").strip()
    )


def of_patient_id(patient_id: str, source: str, intake: Intake) -> Pseudonym:
    """The pseudonym of a patient by the id of its resource on the server of a source."""
    return intake.pseudonyms.pseudonym(f"{source}/Patient", patient_id)


def _identifiers(subject: Reference, patient: Patient | None) -> list[Identifier]:
    """What was given out to the patient, by its Patient and by the reference to it."""
    identifiers = [*(patient.identifier if patient else []), subject.identifier]
    return [item for item in identifiers if item is not None and (item.value or "").strip()]


def _of_identifier(identifier: Identifier, source: str, intake: Intake) -> Pseudonym:
    """A record number of a system with a known authority is named as HL7 v2 names it; until the
    authority was known it was named by its system, as all others are."""
    system, value = identifier.system or source, identifier.value or ""
    by_system = intake.pseudonyms.pseudonym(system, value)
    authority = intake.authorities.get(system.strip())
    if authority is None or not identifier.is_record_number:
        return by_system
    known = intake.pseudonyms.pseudonym(authority, value)
    return replace(known, older=(*known.older, by_system.key, *by_system.older))


def _time(text: str | None, intake: Intake) -> datetime | None:
    if not text or len(text) > 40:
        return None
    try:
        if _INSTANT.match(text):
            return in_utc(datetime.fromisoformat(text), intake.zone)
        day = day_of(text) if len(text) <= 10 else None
        if day is not None:
            return in_utc(datetime(day.year, day.month, day.day), intake.zone)  # noqa: DTZ001
    except (ValueError, InvalidMessage):
        pass
    return None
