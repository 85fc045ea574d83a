"""Acknowledgements of HL7 v2 (original mode).

    AA  Kafka has all of it: as notes, as merges, or (in part) as a dead letter
    AE  not now: send it again
    AR  not this message: it is kept as a dead letter, sending it again will not help

A message that is no HL7 is answered too, with an empty MSA-2. Of the message only its header is
quoted: sender, receiver, event, control id, processing id, version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_ERRORS = {
    "missing-field": "101^Required field missing^HL70357",
    "unsupported-event": "201^Unsupported event code^HL70357",
    "unsupported-format": "200^Unsupported message type^HL70357",
    "unavailable": "207^Application internal error^HL70357",
}
_OTHER_ERROR = "102^Data type error^HL70357"
_UNSAFE = re.compile(r"[^\x20-\x7e]|[|~&\\^]")
_MAX_FIELD = 180


class Code(StrEnum):
    """MSA-1."""

    ACCEPTED = "AA"
    ERROR = "AE"
    REJECTED = "AR"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a message was not accepted, or not all of it: a reason and a detail without text."""

    reason: str
    detail: str


def acknowledge(
    message: bytes, code: Code, problem: Problem | None, *, now: datetime, control_id: str
) -> bytes:
    """The answer to a message, without the frame of MLLP.

    Args:
        message: what was received.
        code: see the top of this module.
        problem: goes to MSA-3 and ERR.
        now: aware; MSH-7 of the answer.
        control_id: MSH-10 of the answer.
    """
    separator, fields = _header(message)

    def field(number: int) -> str:
        return fields[number - 1][:_MAX_FIELD] if len(fields) >= number else ""

    event = field(9).split(_encoding(fields)[0])[1:2]
    component = _encoding(fields)[0]
    lines = [
        ["MSH", _encoding(fields), field(5), field(6), field(3), field(4),
         now.strftime("%Y%m%d%H%M%S%z"), "", component.join(["ACK", *event, "ACK"]),
         control_id, field(11) or "P", field(12) or "2.5.1"],
        ["MSA", code.value, field(10), _safe(problem.reason) if problem else ""],
    ]  # fmt: skip
    if problem is not None:
        kind = _ERRORS.get(problem.reason, _OTHER_ERROR).replace("^", component)
        severity = "W" if code is Code.ACCEPTED else "E"
        lines.append(["ERR", "", "", kind, severity, "", "", _safe(problem.detail)])
    return b"".join(separator.join(line).encode("latin-1", "replace") + b"\r" for line in lines)


def _header(message: bytes) -> tuple[str, list[str]]:
    """The field separator and the fields of MSH, numbered so that MSH-n is at n-1."""
    head = message[: 4 * 4096].replace(b"\x00", b"")  # of UTF-16 and UTF-32 the ASCII is left
    head = head.lstrip(b"\x0b \t\r\n\xef\xbb\xbf\xff\xfe")[:4096]
    line = re.split(rb"[\r\n]", head, maxsplit=1)[0]
    text = line.decode("latin-1")
    if not text.startswith("MSH") or len(text) < 8 or not text[3].isprintable():
        return "|", ["|", "^~\\&"]
    separator = text[3]
    return separator, [separator, *text.split(separator)[1:]]


def _encoding(fields: list[str]) -> str:
    """MSH-2, or the usual one where it is unfit."""
    given = fields[1] if len(fields) > 1 else ""
    return given if 4 <= len(given) <= 5 and len(set(given)) == len(given) else "^~\\&"


def _safe(text: str) -> str:
    return _UNSAFE.sub(" ", text)[:_MAX_FIELD]
