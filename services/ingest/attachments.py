"""Documents inside messages: plain text, HTML, RTF and CDA become text; others are refused.

The content outweighs a declared type where the two contradict each other plainly: RTF is often
sent as text/plain, and PDF as anything.

    reason                  the attachment ...
    unsupported-attachment  is of a kind that is not read (PDF, image, scan), or only a reference
    invalid-attachment      is not what its type says
    wrong-charset           is not in the character set that it declares (UTF-8 if none)
    too-large               or its text is longer than the limit
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from services.core.errors import InvalidMessage
from services.ingest import rtf
from services.ingest.intake import clean
from services.ingest.markup import cda_to_text, html_to_text

_MARKUP_FACTOR = 8
"""How many bytes of markup a byte of text may come with."""

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", "application/msword"),
    (b"{\\rtf", "text/rtf"),
)
_HTML = frozenset(["text/html", "application/xhtml+xml"])
_RTF = frozenset(["text/rtf", "application/rtf", "text/richtext"])
_XML = frozenset(["text/xml", "application/xml"])
_PLAIN = frozenset(["text/plain", "text/markdown", "text/x-markdown"])
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x7f]")
_SNIFFED_BYTES = 1024
_NAME_OF_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+*-]{1,60}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document: its declared media type with parameters ("" if none), and its bytes."""

    media_type: str
    data: bytes = field(repr=False)


def text_of_attachment(attachment: Attachment, max_bytes: int) -> str:
    """The text of a document, cleaned.

    Raises:
        InvalidMessage: see the reasons at the top of this module.
    """
    size = len(attachment.data)
    if size > max_bytes * _MARKUP_FACTOR:
        raise InvalidMessage("too-large", f"the attachment has {size} bytes")
    declared, _, parameters = attachment.media_type.partition(";")
    kind = _kind(declared.strip().lower(), attachment.data)
    data = attachment.data.removeprefix(codecs.BOM_UTF8)
    if kind == "cda":
        return clean(cda_to_text(data, max_bytes), max_bytes)
    text = _decoded(data, parameters, "cp1252" if kind == "rtf" else "utf-8")
    if kind == "html":
        text = html_to_text(text)
    elif kind == "rtf":
        text = _rtf(text)
    return clean(text, max_bytes)


def _kind(declared: str, data: bytes) -> str:
    """What to read the document as: "plain", "html", "rtf" or "cda".

    Raises:
        InvalidMessage: "unsupported-attachment".
    """
    media_type = next(
        (found for magic, found in _MAGIC if data.lstrip().startswith(magic)), declared
    )
    head = data[:_SNIFFED_BYTES].lstrip().lower()
    if media_type in _RTF:
        return "rtf"
    if media_type in _HTML:
        return "html"
    if media_type in _XML or "cda" in media_type:
        return "html" if b"<html" in head else "cda"
    if (
        media_type in ("", "application/octet-stream", "text/plain")
        and b"<clinicaldocument" in head
    ):
        return "cda"
    if media_type in ("", "application/octet-stream"):
        if head.startswith((b"<!doctype html", b"<html", b"<body", b"<div", b"<p>")):
            return "html"
        if not _BINARY.search(data[:_SNIFFED_BYTES]):
            return "plain"
    if media_type in _PLAIN:
        return "plain"
    shown = media_type if _NAME_OF_TYPE.fullmatch(media_type) else "of an unknown type"
    raise InvalidMessage("unsupported-attachment", f"{shown} is not read")


def _decoded(data: bytes, parameters: str, default: str) -> str:
    found = re.search(r"charset\s*=\s*\"?([\w.:-]{1,40})", parameters, re.IGNORECASE)
    charset = found.group(1) if found else default
    problem = ""
    try:
        if codecs.lookup(charset).name in ("utf-7", "idna", "punycode") or not _is_text(charset):
            problem = "the declared character set is not read"
        else:
            return data.decode(charset, "replace" if default == "cp1252" else "strict")
    except LookupError:
        problem = "the declared character set is unknown"
    except (UnicodeDecodeError, ValueError):
        problem = "the bytes are not of the declared character set (UTF-8 if none)"
    raise InvalidMessage("wrong-charset", problem)


def _is_text(charset: str) -> bool:
    """Whether the codec decodes bytes to text (hex, zip and rot13 are codecs too)."""
    return bool(getattr(codecs.lookup(charset), "_is_text_encoding", True))


def _rtf(text: str) -> str:
    plain = rtf.plain_text(text)
    if plain is None:
        raise InvalidMessage("invalid-attachment", "not RTF")
    return plain
