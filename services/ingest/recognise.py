"""Which format a message has, and its notes.

A declared content type decides; without one, or with a generic one, the content does. A format is
one entry of `FORMATS`. What is not in English is set aside, whatever its format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.core.errors import InvalidMessage
from services.core.reading import Reading
from services.ingest.english import in_english
from services.ingest.fhir import parse_fhir
from services.ingest.hl7_v2 import parse_hl7
from services.ingest.intake import Intake
from services.ingest.json_note import parse_json_note

_GENERIC = frozenset(["", "application/json", "application/octet-stream", "text/json"])
_HEAD_BYTES = 4096
_RESOURCE = re.compile(rb'^[\s{].{0,4000}?(?<!\\)"resourceType"\s{0,20}:', re.DOTALL)


class Parser(Protocol):
    """Reads a message of one format, or raises InvalidMessage."""

    def __call__(self, value: bytes, intake: Intake) -> Reading:
        """What the message holds."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format of messages.

    Attributes:
        name: for error messages.
        media_types: in lower case, without parameters.
        begins: whether the first 4,096 bytes of a message look like this format.
        parser: reads it.
    """

    name: str
    media_types: frozenset[str]
    begins: Callable[[bytes], bool]
    parser: Parser


def _like_hl7(head: bytes) -> bool:
    ascii_letters = head.replace(b"\x00", b"")  # of UTF-16 and UTF-32
    return ascii_letters.lstrip(b"\x0b \t\r\n\xff\xfe").startswith((b"MSH|", b"FHS|", b"BHS|"))


def _like_fhir(head: bytes) -> bool:
    # A note may quote the namespace: it tells of FHIR only in XML.
    markup = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    return (markup and b"http://hl7.org/fhir" in head[:512]) or _RESOURCE.match(head) is not None


def _read_json_note(value: bytes, intake: Intake) -> Reading:
    return Reading((parse_json_note(value, max_text_bytes=intake.max_text_bytes),))


FORMATS: tuple[Format, ...] = (
    Format(
        "HL7 v2",
        frozenset(["application/hl7-v2", "x-application/hl7-v2+er7", "application/hl7-v2+er7"]),
        _like_hl7,
        parse_hl7,
    ),
    Format(
        "FHIR",
        frozenset(["application/fhir+json", "application/fhir+xml", "application/json+fhir"]),
        _like_fhir,
        parse_fhir,
    ),
    # The last one takes what no other knows, so that its errors say what is wrong.
    Format(
        "JSON note",
        frozenset(["application/vnd.adewatch.note+json"]),
        lambda head: True,
        _read_json_note,
    ),
)


def parse(
    value: bytes,
    intake: Intake,
    *,
    content_type: str | None = None,
    formats: Sequence[Format] = FORMATS,
) -> Reading:
    """Read a message of any known format.

    Args:
        value: the message.
        intake: the door it comes in by.
        content_type: its declared media type, parameters allowed; None if none was declared.
        formats: what is known, the more particular ones first.

    Raises:
        InvalidMessage: "unsupported-format", "unsupported-language", or a reason of the format's
            parser. Parts that cannot be read beside others that can are in the reading.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    known = _recognised(value, media_type, formats)
    if known is None:
        raise InvalidMessage("unsupported-format", "unknown content type")
    return _in_english(known.parser(value, intake))


def _in_english(reading: Reading) -> Reading:
    """The reading with all that is in other languages refused."""
    parts = [in_english(Reading((note,)), position) for position, note in enumerate(reading.notes)]
    if not any(part.refused for part in parts):
        return reading
    notes = tuple(note for part in parts for note in part.notes)
    refused = (*reading.refused, *(item for part in parts for item in part.refused))
    if not notes and not reading.merges:
        raise InvalidMessage(refused[-1].reason, refused[-1].detail)
    return Reading(notes, reading.merges, refused)


def _recognised(value: bytes, media_type: str, formats: Sequence[Format]) -> Format | None:
    if media_type in _GENERIC:
        head = value[:_HEAD_BYTES]
        return next((known for known in formats if known.begins(head)), None)
    return next((known for known in formats if media_type in known.media_types), None)
