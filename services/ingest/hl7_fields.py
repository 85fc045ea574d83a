"""What the segments of HL7 v2 messages mean: times, identifiers, the patient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from services.core.contracts import Sex
from services.core.errors import InvalidMessage
from services.core.pseudonyms import Pseudonym
from services.ingest.hl7_message import Hl7Message, Segment
from services.ingest.intake import Intake, age_at, in_utc, name

_TIME = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?$"
)
_MINUTES = 12
_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "O": Sex.OTHER, "A": Sex.OTHER}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the message is about and from, and when it was made.

    Attributes:
        source: sending facility and application.
        patient: the pseudonym of PID-3.
        sex: PID-8.
        changed_at: EVN-2 (when the event was recorded), or MSH-7 where that is absent or a mere
            day; it orders the versions of a document.
    """

    source: str
    patient: Pseudonym
    sex: Sex
    changed_at: datetime


def sender_of(message: Hl7Message, intake: Intake) -> Sender:
    """Read MSH, EVN and PID.

    Raises:
        InvalidMessage: "missing-field" or "invalid-value".
    """
    identity = required(message, "PID")
    return Sender(
        source=source_of(message, intake),
        patient=patient(identity, 3, message, intake),
        sex=_SEXES.get(identity.component(8).upper()[:1], Sex.UNKNOWN),
        changed_at=changed_at(message, intake),
    )


def required(message: Hl7Message, segment: str) -> Segment:
    """The first segment of a name.

    Raises:
        InvalidMessage: "missing-field" if there is none.
    """
    found = message.first(segment)
    if found is None:
        raise InvalidMessage("missing-field", segment)
    return found


def source_of(message: Hl7Message, intake: Intake) -> str:
    """MSH-4 and MSH-3, or who sends when both are empty."""
    parts = [message.header.component(4), message.header.component(3)]
    return name("/".join(part for part in parts if part) or intake.source, "MSH-4, MSH-3")


def patient(segment: Segment, number: int, message: Hl7Message, intake: Intake) -> Pseudonym:
    """The patient of a field of identifiers (PID-3, MRG-1): the medical record number, or the
    first identifier where none is called one, in the namespace of its assigning authority.

    Raises:
        InvalidMessage: "missing-field".
    """
    repetitions = segment.repetitions(number)
    given = [item for item in repetitions if segment.component_of(item, 1)]
    if not given:
        raise InvalidMessage("missing-field", f"{segment.name}-{number}")
    records = [item for item in given if segment.component_of(item, 5).upper() == "MR"]
    chosen = (records or given)[0]
    authority = segment.component_of(chosen, 4) or message.header.component(4)
    return intake.pseudonyms.pseudonym(authority, segment.component_of(chosen, 1))


def changed_at(message: Hl7Message, intake: Intake) -> datetime:
    """When the event was recorded.

    Raises:
        InvalidMessage: "missing-field" if neither EVN-2 nor MSH-7 is a time.
    """
    event = message.first("EVN")
    texts = [event.component(2) if event else "", message.header.component(7)]
    exact = [text for text in texts if len(re.match(r"\d*", text).group()) >= _MINUTES]  # type: ignore[union-attr]
    found = first_time(intake, *exact, *texts)
    if found is None:
        raise InvalidMessage("missing-field", "EVN-2, MSH-7")
    return found


def first_time(intake: Intake, *texts: str) -> datetime | None:
    """The first of some fields that is a time, in UTC."""
    return next((found for text in texts if (found := _time(text, intake)) is not None), None)


def age(message: Hl7Message, intake: Intake, at: datetime) -> int | None:
    """Age in years from PID-7."""
    identity = message.first("PID")
    born = first_time(intake, identity.component(7)[:8]) if identity else None
    return age_at(born.astimezone(intake.zone).date() if born else None, at)


def document_id(segment: Segment, number: int) -> str:
    """An entity identifier with its namespace; "" if the field is empty."""
    entity, space = segment.component(number, 1), segment.component(number, 2)
    return f"{entity}@{space}" if entity and space else entity


def _time(text: str, intake: Intake) -> datetime | None:
    found = _TIME.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(part) if part else least
        for part, least in zip(found.groups()[:6], (0, 1, 1, 0, 0, 0), strict=True)
    )
    fraction = int(float(found.group(7) or 0) * 1_000_000)
    try:
        zone = _offset(found.group(8)) if found.group(8) else intake.zone
        moment = datetime(year, month, day, hour, minute, second, fraction, tzinfo=zone)
        return in_utc(moment, zone)
    except (ValueError, OverflowError, InvalidMessage):
        return None


def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
