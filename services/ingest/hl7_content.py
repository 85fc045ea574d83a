"""The text of OBX segments.

TX, FT and ST are text: each segment and each repetition begins a line, and where the observations
have different names (findings, impression) the name stands above its lines. ED holds a document,
read as an attachment. Other types (numbers, codes) are no text and are left out. Observations that
were withdrawn (OBX-11 is D or W) are left out as well.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from services.core.errors import InvalidMessage
from services.ingest.attachments import Attachment, text_of_attachment
from services.ingest.hl7_message import Segment
from services.ingest.intake import clean

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


def all_withdrawn(observations: Sequence[Segment]) -> bool:
    """Whether there were observations and every one was taken back."""
    return bool(observations) and not _standing(observations)


def text_of(observations: Sequence[Segment], max_bytes: int) -> str:
    """The text of observations.

    Raises:
        InvalidMessage: "no-text", "too-large", or what the attachment is refused for.
    """
    standing = _standing(observations)
    texts = [segment for segment in standing if segment.raw(2).strip() in _TEXT]
    if texts:
        return clean(_lines(texts), max_bytes)
    documents = [segment for segment in standing if segment.raw(2).strip() in _DOCUMENT]
    if not documents:
        raise InvalidMessage("no-text", "no OBX of type TX, FT, ST or ED")
    problems: list[InvalidMessage] = []
    read: list[str] = []
    for segment in documents:
        try:
            read.append(_document(segment, max_bytes))
        except InvalidMessage as error:
            problems.append(error)
    if not read:
        raise InvalidMessage(problems[0].reason, problems[0].detail)
    return clean("\n".join(read), max_bytes)


def _standing(observations: Sequence[Segment]) -> list[Segment]:
    return [item for item in observations if item.component(11).upper() not in _WITHDRAWN]


def _lines(segments: Sequence[Segment]) -> str:
    names = [segment.component(3, 2) or segment.component(3) for segment in segments]
    several = len(set(names)) > 1
    lines: list[str] = []
    above = ""
    for segment, title in zip(segments, names, strict=True):
        if several and title and title != above:
            lines.append(f"{title}:")
        above = title
        parts = segment.repetitions(5) or [""]
        lines.extend(segment.encoding.unescape(part) for part in parts)
    return "\n".join(lines)


def _document(segment: Segment, max_bytes: int) -> str:
    if segment.raw(2).strip() == "RP":
        raise InvalidMessage("unsupported-attachment", "a document by reference is not fetched")
    parts = segment.components(segment.raw(5))
    kind, subtype, encoding = (segment.component(5, number) for number in (2, 3, 4))
    data = segment.encoding.component.join(parts[4:]) if len(parts) > 4 else ""
    return text_of_attachment(
        Attachment(_media_type(kind, subtype), _bytes(segment, encoding, data)), max_bytes
    )


def _media_type(kind: str, subtype: str) -> str:
    return _SUBTYPES.get(subtype.upper()) or _TYPES.get(kind.upper()) or ""


def _bytes(segment: Segment, encoding: str, data: str) -> bytes:
    try:
        match encoding.upper():
            case "BASE64":
                return base64.b64decode("".join(data.split()), validate=True)
            case "HEX":
                return bytes.fromhex(data)
            case _:
                return segment.encoding.unescape(data).encode()
    except (binascii.Error, ValueError):
        pass
    raise InvalidMessage("invalid-attachment", "OBX-5 is not encoded as OBX-5.4 says")
