"""What a parser needs beside the message, and what all parsers do alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from services.core.errors import InvalidMessage
from services.core.pseudonyms import Pseudonymiser

MAX_TEXT_BYTES = 2 * 1024 * 1024
"""Default limit of a note's text in UTF-8."""

SOURCE_HEADER = "source"
"""Header of a Kafka message that says who sent it, where the message itself does not."""

OLDEST_AGE = 90
"""Ages above are one stratum: the few people of 97 would be known by it."""

_MAX_NAME = 200
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GREATEST_VERSION = 2**63 - 1
"""As the record stores it: millennia ahead."""

_RANKS = 100_000


@dataclass(frozen=True, slots=True)
class Intake:
    """The door.

    Attributes:
        pseudonyms: names patients.
        max_text_bytes: longest text of a note, in bytes of UTF-8.
        zone: the time zone of times that come without an offset.
        source: who sends, where the message itself does not say it; "" if unknown.
        authorities: the assigning authority in HL7 v2 of a system of FHIR identifiers.
    """

    pseudonyms: Pseudonymiser = field(repr=False)
    max_text_bytes: int = MAX_TEXT_BYTES
    zone: tzinfo = UTC
    source: str = ""
    authorities: Mapping[str, str] = field(default_factory=dict)


def clean(text: str, max_bytes: int) -> str:
    """The text of a note: line ends as "\\n", other control characters as spaces.

    Raises:
        InvalidMessage: "too-large", or "invalid-text" for half a surrogate pair.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    problem = False
    size = 0
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        problem = True
    if problem:
        raise InvalidMessage("invalid-text", "half a surrogate pair")
    if size > max_bytes:
        raise InvalidMessage("too-large", f"the text has {size} bytes, at most {max_bytes}")
    return _CONTROLS.sub(" ", text)


def name(value: str, where: str) -> str:
    """A name or identifier without control characters and outer spaces.

    Raises:
        InvalidMessage: "missing-field" if nothing is left, "invalid-value" if it is too long.
    """
    cleaned = _printable(value)
    if not cleaned:
        raise InvalidMessage("missing-field", where)
    if len(cleaned) > _MAX_NAME:
        raise InvalidMessage("invalid-value", f"{where}: more than {_MAX_NAME} characters")
    return cleaned


def label(value: str | None) -> str | None:
    """A label (a type of notes) of at most 200 characters; None if there is none."""
    return _printable(value or "")[:_MAX_NAME] or None


def _printable(value: str) -> str:
    value = value.encode("utf-8", "replace").decode("utf-8")
    return " ".join(_CONTROLS.sub(" ", value).split())


def version_of(changed_at: datetime, rank: int) -> int:
    """The version of a document that changed at a time: later changes have greater versions.

    Args:
        changed_at: aware; counted in milliseconds since 1970.
        rank: from 0, orders changes of the same moment; above 99,999 it counts as that.

    Raises:
        InvalidMessage: "invalid-value" for a time too far ahead for a version of 64 bits.
    """
    milliseconds = (changed_at - _EPOCH) // timedelta(milliseconds=1)
    version = milliseconds * _RANKS + min(max(rank, 0), _RANKS - 1)
    if version > GREATEST_VERSION:
        raise InvalidMessage("invalid-value", f"a change in the year {changed_at.year}")
    return max(1, version)


def age_at(born: date | None, at: datetime) -> int | None:
    """Completed years at a time, at most OLDEST_AGE; None if unknown or before the birth."""
    if born is None:
        return None
    years = at.year - born.year - ((at.month, at.day) < (born.month, born.day))
    return min(years, OLDEST_AGE) if years >= 0 else None


def in_utc(value: datetime, zone: tzinfo) -> datetime:
    """The time in UTC; one without an offset is in `zone`.

    Raises:
        InvalidMessage: "invalid-value" outside the calendar.
    """
    try:
        aware = value if value.tzinfo else value.replace(tzinfo=zone)
        return aware.astimezone(UTC)
    except (OverflowError, ValueError):
        pass
    raise InvalidMessage("invalid-value", "a time outside the calendar")
