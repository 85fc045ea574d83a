"""Which format a message has, and its note.

A declared content type decides; without one, or with a generic one, the content does. A format is
one entry of `FORMATS`; one without a parser is known by name and refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.core.contracts import Note
from services.core.errors import InvalidMessage
from services.ingest.json_note import MAX_TEXT_BYTES, parse_json_note

_GENERIC = frozenset(["", "application/json", "application/octet-stream", "text/json"])
_HEAD_BYTES = 4096
_RESOURCE = re.compile(rb'^[\s{].{0,4000}?(?<!\\)"resourceType"\s{0,20}:', re.DOTALL)


class Parser(Protocol):
    """Reads a note of one format, or raises InvalidMessage."""

    def __call__(self, value: bytes, *, max_text_bytes: int) -> Note:
        """The note in `value`, with at most so many bytes of text."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format of messages.

    Attributes:
        name: for error messages.
        media_types: in lower case, without parameters.
        begins: whether the first 4,096 bytes of a message look like this format.
        parser: None while the format cannot be read.
    """

    name: str
    media_types: frozenset[str]
    begins: Callable[[bytes], bool]
    parser: Parser | None


def _like_hl7(head: bytes) -> bool:
    return head.lstrip(b"\x0b \t\r\n").startswith((b"MSH|", b"FHS|", b"BHS|"))


def _like_fhir(head: bytes) -> bool:
    return b"http://hl7.org/fhir" in head[:512] or _RESOURCE.match(head) is not None


FORMATS: tuple[Format, ...] = (
    Format(
        "HL7 v2",
        frozenset(["application/hl7-v2", "x-application/hl7-v2+er7", "application/hl7-v2+er7"]),
        _like_hl7,
        None,
    ),
    Format(
        "FHIR",
        frozenset(["application/fhir+json", "application/fhir+xml", "application/json+fhir"]),
        _like_fhir,
        None,
    ),
    # The last one takes what no other knows, so that its errors say what is wrong.
    Format(
        "JSON note",
        frozenset(["application/vnd.adewatch.note+json"]),
        lambda head: True,
        parse_json_note,
    ),
)


def parse(
    value: bytes,
    *,
    content_type: str | None = None,
    max_text_bytes: int = MAX_TEXT_BYTES,
    formats: Sequence[Format] = FORMATS,
) -> Note:
    """Read a note of any known format.

    Args:
        value: the message.
        content_type: its declared media type, parameters allowed; None if none was declared.
        max_text_bytes: longest text accepted, in bytes of UTF-8.
        formats: what is known, the more particular ones first.

    Raises:
        InvalidMessage: "unsupported-format", or a reason of the format's parser.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    known = _recognised(value, media_type, formats)
    if known is None:
        raise InvalidMessage("unsupported-format", "unknown content type")
    if known.parser is None:
        raise InvalidMessage("unsupported-format", f"{known.name} cannot be read")
    return known.parser(value, max_text_bytes=max_text_bytes)


def _recognised(value: bytes, media_type: str, formats: Sequence[Format]) -> Format | None:
    if media_type in _GENERIC:
        head = value[:_HEAD_BYTES]
        return next((known for known in formats if known.begins(head)), None)
    return next((known for known in formats if media_type in known.media_types), None)
