"""Documents inside messages: plain text, HTML, RTF and CDA become text; others are refused.

The content outweighs a declared type where the two contradict each other plainly: RTF is often
sent as text/plain, PDF as anything, and CDA as any kind of XML. A body of CDA that is no XML is
read as a document of its own, unless it is CDA again. Packages (MIME) are unwrapped before, in
`mime`.

    reason                  the attachment ...
    unsupported-attachment  is of a kind that is not read (PDF, image, scan), or only a reference
    invalid-attachment      is not what its type says
    wrong-charset           is not in the character set that it declares (UTF-8 if none)
    too-large               or its text is longer than the limit
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
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
_UNDECLARED = frozenset(["", "application/octet-stream"])
_CDA = re.compile(rb"<(?:[\w.-]{1,40}:)?clinicaldocument[\s/>]")
_PACKAGE = re.compile(rb"\s*(?:mime-version\s*:|content-type\s*:\s*multipart/)", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x7f]")
_SNIFFED_BYTES = 1024
_PROLOGUE_BYTES = 8192
"""Comments may stand before the root of XML."""

_NAME_OF_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+*-]{1,60}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document: its declared media type with parameters ("" if none), and its bytes.

    `is_text`: they are UTF-8 whatever the document declares, because it came as text.
    """

    media_type: str
    data: bytes = field(repr=False)
    is_text: bool = False


def text_of_attachment(attachment: Attachment, max_bytes: int) -> str:
    """The text of a document, cleaned.

    Raises:
        InvalidMessage: see the reasons at the top of this module.
    """

    def read_body(media_type: str, data: bytes, is_text: bool) -> str:
        return _text(Attachment(media_type, data, is_text), max_bytes, _no_body)

    return _text(attachment, max_bytes, read_body)


def is_package(data: bytes) -> bool:
    """Whether a document begins as a MIME package does."""
    return _PACKAGE.match(data[:_SNIFFED_BYTES]) is not None


def _no_body(media_type: str, data: bytes, is_text: bool) -> str:
    raise InvalidMessage("unsupported-attachment", "a document in a body of CDA in CDA")


def _text(
    attachment: Attachment, max_bytes: int, read_body: Callable[[str, bytes, bool], str]
) -> str:
    size = len(attachment.data)
    if size > max_bytes * _MARKUP_FACTOR:
        raise InvalidMessage("too-large", f"the attachment has {size} bytes")
    declared, _, parameters = attachment.media_type.partition(";")
    kind = _kind(declared.strip().lower(), attachment.data)
    data = attachment.data.removeprefix(codecs.BOM_UTF8)
    if kind == "cda":
        return clean(cda_to_text(data, read_body, is_text=attachment.is_text), max_bytes)
    if attachment.is_text:
        parameters = "charset=utf-8"
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
    if is_package(data):
        raise InvalidMessage("unsupported-attachment", "a package in a document is not read")
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
    if _may_be_cda(media_type) and _is_cda(data):
        return "cda"
    if media_type in _UNDECLARED:
        if head.startswith((b"<!doctype html", b"<html", b"<body", b"<div", b"<p>")):
            return "html"
        if not _BINARY.search(data[:_SNIFFED_BYTES]):
            return "plain"
    if media_type in _PLAIN:
        return "plain"
    shown = media_type if _NAME_OF_TYPE.fullmatch(media_type) else "of an unknown type"
    raise InvalidMessage("unsupported-attachment", f"{shown} is not read")


def _may_be_cda(media_type: str) -> bool:
    return (
        media_type in _UNDECLARED
        or media_type == "text/plain"
        or media_type.endswith("+xml")
        or media_type.startswith("multipart/")
    )


def _is_cda(data: bytes) -> bool:
    head = data[:_PROLOGUE_BYTES].replace(b"\x00", b"").lower()  # of UTF-16 the ASCII is left
    return _CDA.search(head) is not None


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
