"""The text of OBX segments.

TX, FT and ST are text: each segment and each repetition begins a line. ED holds a document, or a
package of some, read as an attachment; its text stands among the others in the order of the OBX.
Where the observations have different names (findings, impression) the name stands above its lines.
A document that cannot be read is refused beside the note, as a reference (RP) is. Other types
(numbers, codes) are no text and are left out, as are observations that were withdrawn (OBX-11 is D
or W).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.core.errors import InvalidMessage
from services.ingest.attachments import Attachment
from services.ingest.content import Content
from services.ingest.hl7_message import Segment
from services.ingest.intake import clean
from services.ingest.mime import read_parts

_TEXT = frozenset(["TX", "FT", "ST"])
_DOCUMENT = frozenset(["ED", "RP"])
_WITHDRAWN = frozenset(["D", "W"])
_SUBTYPES = {
    "HTML": "text/html",
    "RTF": "text/rtf",
    "XML": "text/xml",
    "X-HL7-CDA-LEVEL-ONE": "text/xml",
    "PLAIN": "text/plain",
    "PDF": "application/pdf",
    "JPEG": "image/jpeg",
    "TIFF": "image/tiff",
    "PNG": "image/png",
    "GIF": "image/gif",
    "DICOM": "application/dicom",
    "MSWORD": "application/msword",
}
_TYPES = {
    "PDF": "application/pdf",
    "RTF": "text/rtf",
    "HTML": "text/html",
    "IM": "image/*",
    "IMAGE": "image/*",
    "SI": "image/*",
    "SD": "image/*",
    "NS": "image/*",
    "AU": "audio/*",
    "AUDIO": "audio/*",
}

_DATA = 5
"""The component of ED that holds the document."""

_NOTHING = frozenset(["", '""'])


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The text of one observation, or of one document in it: the place of its OBX from 1."""

    number: int
    title: str
    text: str = field(repr=False)
    is_document: bool

    @property
    def says_something(self) -> bool:
        """Whether it is a line: an empty one is, an empty document is not."""
        return not self.is_document or bool(self.text.strip())


def all_withdrawn(observations: Sequence[Segment]) -> bool:
    """Whether there were observations and every one was taken back."""
    return bool(observations) and all(_is_withdrawn(item) for item in observations)


def content_of(observations: Sequence[Segment], max_bytes: int) -> Content:
    """The text of observations. What would make it too long is refused, the last document first.

    Raises:
        InvalidMessage: "no-text", "too-large", or what the first document is refused for.
    """
    parts: list[_Part] = []
    refused: list[InvalidMessage] = []
    for number, segment in enumerate(observations, start=1):
        kind = segment.raw(2).strip()
        if _is_withdrawn(segment):
            continue
        if kind in _TEXT:
            parts.append(_Part(number, _title(segment), _lines(segment), is_document=False))
        elif kind in _DOCUMENT:
            texts, problems = _documents(segment, max_bytes)
            parts.extend(_Part(number, _title(segment), text, is_document=True) for text in texts)
            refused.extend(_at(number, problem) for problem in problems)
    if not parts and refused:
        raise InvalidMessage(refused[0].reason, refused[0].detail)
    if not parts:
        raise InvalidMessage("no-text", "no OBX of type TX, FT, ST or ED")
    read, too_large = _fitting([part for part in parts if part.says_something], max_bytes)
    return Content(clean(_joined(read), max_bytes), (*refused, *too_large))


def _is_withdrawn(segment: Segment) -> bool:
    return segment.component(11).upper() in _WITHDRAWN


def _at(number: int, problem: InvalidMessage) -> InvalidMessage:
    return InvalidMessage(problem.reason, f"OBX {number}: {problem.detail}")


def _title(segment: Segment) -> str:
    return segment.component(3, 2) or segment.component(3)


def _lines(segment: Segment) -> str:
    parts = segment.repetitions(5) or [""]
    return "\n".join(segment.encoding.unescape(part) for part in parts)


def _joined(parts: Sequence[_Part]) -> str:
    several = len({part.title for part in parts}) > 1
    lines: list[str] = []
    above = ""
    for part in parts:
        if several and part.title and part.title != above:
            lines.append(f"{part.title}:")
        above = part.title
        lines.append(part.text)
    return "\n".join(lines)


def _fitting(
    parts: Sequence[_Part], max_bytes: int
) -> tuple[Sequence[_Part], Sequence[InvalidMessage]]:
    """The parts without the last documents, as far as the text is too long with them."""
    excess = len(_joined(parts).encode("utf-8", "replace")) - max_bytes
    dropped: set[_Part] = set()
    for part in reversed(parts):
        if excess > 0 and part.is_document:
            dropped.add(part)
            excess -= len(part.text.encode("utf-8", "replace"))
    kept = [part for part in parts if part not in dropped]
    too_large = InvalidMessage("too-large", f"the text has more than {max_bytes} bytes with it")
    return kept, [_at(part.number, too_large) for part in parts if part in dropped]


def _documents(segment: Segment, max_bytes: int) -> tuple[list[str], list[InvalidMessage]]:
    try:
        return read_parts(_attachment(segment), max_bytes)
    except InvalidMessage as error:
        return [], [error]


def _attachment(segment: Segment) -> Attachment:
    if segment.raw(2).strip() == "RP":
        raise InvalidMessage("unsupported-attachment", "a document by reference is not fetched")
    parts = segment.components(segment.raw(5))
    if len(parts) < _DATA and segment.raw(5).strip() not in _NOTHING:
        raise InvalidMessage("invalid-attachment", "OBX-5 has no data in its fifth component")
    kind, subtype, encoding = (segment.component(5, number) for number in (2, 3, 4))
    data = segment.encoding.unescape(segment.encoding.component.join(parts[_DATA - 1 :]))
    is_text = encoding.upper() not in ("BASE64", "HEX")
    return Attachment(_media_type(kind, subtype), _bytes(encoding, data), is_text)


def _media_type(kind: str, subtype: str) -> str:
    if kind.upper() == "MULTIPART":
        return "multipart/related"
    return _SUBTYPES.get(subtype.upper()) or _TYPES.get(kind.upper()) or ""


def _bytes(encoding: str, data: str) -> bytes:
    try:
        match encoding.upper():
            case "BASE64":
                return base64.b64decode("".join(data.split()), validate=True)
            case "HEX":
                return bytes.fromhex(data)
            case _:
                return data.encode()
    except (binascii.Error, ValueError):
        pass
    raise InvalidMessage("invalid-attachment", "OBX-5 is not encoded as OBX-5.4 says")
