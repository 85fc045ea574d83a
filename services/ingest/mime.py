"""Packages (MIME): HL7 v2 wraps a CDA document and what belongs to it in one.

The standard library's parser reads them. Its time and memory are bounded from outside: how deep a
package nests, how many parts and lines it has, and how much of a header counts (the parser cuts a
header at its semicolons by copying the rest each time).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.policy import Compat32

from services.core.errors import InvalidMessage
from services.ingest.attachments import Attachment, is_package, text_of_attachment

_MAX_NESTED = 8
_MAX_PARTS = 1_000
_MAX_LINES = 400_000
_MAX_HEADER = 2_000
_NESTING = re.compile(rb"boundary[*\d]*\s*=|message/", re.IGNORECASE)
_DELIMITER = re.compile(rb"[\r\n]--")
_HEADER = re.compile(rb"\s*[!-9;-~]{1,60}[ \t]*:")
_AS_IT_IS = frozenset(["", "7bit", "8bit", "binary"])
_FAULTS = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the parser may raise for a package that is none."""


class _ShortHeaders(Compat32):
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_MAX_HEADER]


_POLICY = _ShortHeaders()


def read_parts(attachment: Attachment, max_bytes: int) -> tuple[list[str], list[InvalidMessage]]:
    """The texts of a document, or of the documents of a package in their order, and why others
    were not read."""
    texts: list[str] = []
    problems: list[InvalidMessage] = []
    try:
        for part in unpacked(attachment):
            try:
                texts.append(text_of_attachment(part, max_bytes))
            except InvalidMessage as error:
                problems.append(error)
    except InvalidMessage as error:
        return [], [error]
    return texts, problems


def unpacked(attachment: Attachment) -> list[Attachment]:
    """The documents of a package; a document that is no package itself.

    Raises:
        InvalidMessage: "too-large", "invalid-attachment" or "unsupported-attachment".
    """
    data = attachment.data
    declared = attachment.media_type.lower().startswith("multipart/")
    if not is_package(data) and not (declared and _HEADER.match(data)):
        return [attachment]
    if data.count(b"\n") + data.count(b"\r") > _MAX_LINES:
        raise InvalidMessage("too-large", "the package has too many lines")
    if _count(_NESTING, data) > _MAX_NESTED or _count(_DELIMITER, data) > _MAX_PARTS:
        raise InvalidMessage("too-large", "the package has too many parts")
    message: Message | None = None
    with suppress(*_FAULTS):
        message = message_from_bytes(data.lstrip(), policy=_POLICY)
    if message is None:
        raise InvalidMessage("invalid-attachment", "not MIME")
    return list(_leaves(message, attachment.is_text))


def _count(pattern: re.Pattern[bytes], data: bytes) -> int:
    return sum(1 for _ in pattern.finditer(data))


def _leaves(message: Message, is_text: bool) -> Iterator[Attachment]:
    for part in message.walk():
        if part.get_content_type() == "multipart/alternative":
            # One document in several forms: all of them would count it several times.
            raise InvalidMessage("unsupported-attachment", "multipart/alternative is not read")
        if not part.is_multipart():
            yield _leaf(part, is_text)


def _leaf(part: Message, is_text: bool) -> Attachment:
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    charset = part.get_content_charset()
    media_type = part.get_content_type() + (f"; charset={charset}" if charset else "")
    if encoding == "base64":
        return Attachment(media_type, _from_base64(str(part.get_payload())))
    if encoding not in _AS_IT_IS and encoding != "quoted-printable":
        raise InvalidMessage("unsupported-attachment", "an unknown transfer encoding")
    data = part.get_payload(decode=True)
    return Attachment(
        media_type, data if isinstance(data, bytes) else b"", is_text and encoding in _AS_IT_IS
    )


def _from_base64(text: str) -> bytes:
    data: bytes | None = None
    with suppress(binascii.Error, ValueError):
        data = base64.b64decode("".join(text.split()), validate=True)
    if data is None:
        raise InvalidMessage("invalid-attachment", "a part of the package is not base64")
    return data
