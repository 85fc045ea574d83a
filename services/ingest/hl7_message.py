"""An HL7 v2 message as segments, fields, repetitions and components.

The delimiters are the message's own (MSH-1, MSH-2) and so is its character set (MSH-18). Fields
are cut when they are asked for, each in one pass. The `hl7` package is not used for this: it took
six seconds of one core for a note of a million characters, and its unescaping writes the text of a
field to the log and repeats `\\.sp999999999\\` as told (decision 0009).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from services.core.errors import InvalidMessage

MAX_SEGMENTS = 100_000
_MAX_FIELDS = 64
_MAX_REPETITIONS = 20_000
_MAX_COMPONENTS = 32
_MAX_SPACES = 40
_MAX_LINES = 20

_CHARSETS = {
    "": "utf-8",  # undeclared: ASCII by the standard, and UTF-8 contains it
    "ASCII": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UNICODE": "utf-8",  # withdrawn by the standard; what begins with the bytes MSH is no UCS-2
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
    "ISO IR6": "utf-8",
    "8859/1": "iso8859-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "WINDOWS-1252": "cp1252",
    "ISO IR14": "shift_jis",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
}
_WIDE = {
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-32-le": ("MSH".encode("utf-32-le"),),
    "utf-32-be": ("MSH".encode("utf-32-be"),),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-16-le": ("MSH".encode("utf-16-le"),),
    "utf-16-be": ("MSH".encode("utf-16-be"),),
}
"""How messages begin whose letters have several bytes each. The mark of UTF-32 begins with that of
UTF-16."""

_WHITESPACE = b" \t\r\n\x0b\x1c\x00"
_FORMATTING = re.compile(r"\.(br|sp|fi|nf|in|ti|sk|ce)\s?([+-]?\d{1,9})?$", re.IGNORECASE)
_HEX = re.compile(r"X((?:[0-9A-Fa-f]{2})+)$")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_BEFORE_TEXT = 5
"""Separators before OBX-5."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the message is written: its delimiters, and its character set as Python names it."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    charset: str

    def unescape(self, text: str) -> str:
        """The text that an escaped one stands for; sequences that are not known stay as they are
        (unescaped backslashes are common), and formatting becomes lines and spaces."""
        if not self.escape or self.escape not in text:
            return text
        mark = re.escape(self.escape)
        return re.sub(
            rf"(?:{mark}X[0-9A-Fa-f]{{2,2000}}{mark})+|{mark}[^{mark}\r\n]{{1,40}}{mark}",
            lambda found: self._meaning(found.group()),
            text,
        )

    def _meaning(self, sequence: str) -> str:
        inner = sequence.strip(self.escape)
        known = {
            "F": self.field,
            "S": self.component,
            "T": self.subcomponent,
            "R": self.repetition,
            "E": self.escape,
            "H": "",  # highlighting begins and ends
            "N": "",
        }
        if inner in known:
            return known[inner]
        if (formatting := _FORMATTING.match(inner)) is not None:
            return _layout(formatting.group(1).lower(), int(formatting.group(2) or 1))
        parts = [part for part in sequence.split(self.escape) if part]
        if parts and all(_HEX.match(part) for part in parts):
            data = bytes.fromhex("".join(part[1:] for part in parts))
            return data.decode(self.charset, "replace")
        if re.fullmatch(r"Z[A-Za-z0-9]{0,39}|C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4,6}", inner):
            # Of the sender's own making, or a letter of another character set.
            return "" if inner[0] == "Z" else "\ufffd"
        return sequence


def _layout(command: str, count: int) -> str:
    if command == "sp":
        return "\n" * min(max(count, 1), _MAX_LINES)
    if command == "sk":
        return " " * min(max(count, 1), _MAX_SPACES)
    return "\n" if command in ("br", "ce") else ""


@dataclass(frozen=True, slots=True)
class Segment:
    """One line of the message. Fields, repetitions and components are numbered as in HL7, from 1;
    what is absent is ""."""

    name: str
    fields: tuple[str, ...]
    encoding: Encoding

    def raw(self, number: int) -> str:
        """A field as it is written."""
        return self.fields[number] if number < len(self.fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field as they are written; none if it is empty."""
        raw = self.raw(number)
        if not raw:
            return []
        return raw.split(self.encoding.repetition, _MAX_REPETITIONS)

    def component(self, number: int, component: int = 1) -> str:
        """A component of the first repetition of a field."""
        first = next(iter(self.repetitions(number)), "")
        return self.component_of(first, component)

    def component_of(self, repetition: str, component: int) -> str:
        """A component of a repetition, unescaped; of subcomponents the first one."""
        parts = repetition.split(self.encoding.component, _MAX_COMPONENTS)
        if component > len(parts):
            return ""
        first = parts[component - 1].split(self.encoding.subcomponent, 1)[0]
        value = self.encoding.unescape(first).strip()
        return "" if value == '""' else value  # "" is HL7's null

    def components(self, repetition: str) -> list[str]:
        """All components of a repetition as they are written."""
        return repetition.split(self.encoding.component, _MAX_COMPONENTS)


@dataclass(frozen=True, slots=True)
class Hl7Message:
    """The segments in their order; the first one is MSH."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        """The first segment of a name."""
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of a name."""
        return (segment for segment in self.segments if segment.name == name)


def read_message(value: bytes) -> Hl7Message:
    """Cut a message into its segments.

    Raises:
        InvalidMessage: "not-hl7", "too-large", "wrong-charset" or "unsupported-charset".
    """
    narrow, wide = _narrow(value)
    data = narrow.removeprefix(codecs.BOM_UTF8).strip(_WHITESPACE)
    if not data.startswith(b"MSH") or len(data) < 8:
        reason = "unsupported-event" if data[:3] in (b"FHS", b"BHS") else "not-hl7"
        raise InvalidMessage(reason, "the message does not begin with MSH")
    if data.count(b"\r") + data.count(b"\n") > MAX_SEGMENTS:
        raise InvalidMessage("too-large", f"more than {MAX_SEGMENTS} segments")
    head = data[: re.search(rb"[\r\n]|$", data).start()]  # type: ignore[union-attr]
    encoding = _encoding(head)
    if wide != (encoding.charset if encoding.charset in _WIDE else ""):
        raise InvalidMessage("wrong-charset", "UTF-16 and UTF-32 are not as MSH-18 has them")
    if wide:
        encoding = replace(encoding, charset="utf-8")
    text = _decoded(data, encoding.charset)
    lines = text.split("\r") if "\r" in text else text.split("\n")
    segments = tuple(
        _segment(line, encoding) for line in _whole_lines(lines, encoding.field) if len(line) >= 3
    )
    if sum(segment.name == "MSH" for segment in segments) > 1:
        raise InvalidMessage("unsupported-event", "several messages in one")
    return Hl7Message(segments)


def _narrow(value: bytes) -> tuple[bytes, str]:
    """The message in UTF-8 if it is in UTF-16 or UTF-32, and in which of them it was ("" if in
    neither)."""
    framed = value.removeprefix(b"\x0b")
    charset = next((name for name, marks in _WIDE.items() if framed.startswith(marks)), "")
    if not charset:
        return value, ""
    text: str | None = None
    with suppress(UnicodeDecodeError):
        text = framed.removesuffix(b"\x1c\r").decode(charset)
    if text is None:
        raise InvalidMessage("wrong-charset", f"the message begins as {charset} and is not")
    return text.encode(), charset[:6]


def _whole_lines(lines: Sequence[str], field: str) -> Iterator[str]:
    """Segments. Where the text of an observation holds ends of lines that its sender did not
    escape, what follows up to the next segment is part of it: none of it may be lost."""
    whole: list[str] = []
    separators, in_text = 0, False
    for piece in lines:
        line = piece.strip("\n\x0b\x1c")
        head = line[:16].lstrip()
        if not in_text or (_SEGMENT.match(head) and head[3:4] == field):
            if whole:
                yield "\n".join(whole).rstrip("\n")
            whole, separators = [], 0
        whole.append(line)
        separators += line.count(field)
        in_text = separators == _BEFORE_TEXT and whole[0].lstrip().startswith(f"OBX{field}")
    yield "\n".join(whole).rstrip("\n")


def _encoding(head: bytes) -> Encoding:
    separators = head[3:9].decode("latin-1")
    field = separators[0]
    if field.isalnum() or field.isspace() or ord(field) > 126:
        raise InvalidMessage("not-hl7", "MSH-1 is no delimiter")
    others = separators[1:].partition(field)[0]
    component, repetition, escape, subcomponent = (
        others[index] if index < len(others) else default for index, default in enumerate("^~\\&")
    )
    declared = head.split(field.encode("latin-1"), 18)
    name = declared[17].decode("latin-1") if len(declared) > 17 else ""
    first = name.split(field, 1)[0].split(repetition, 1)[0].strip().upper()
    if first not in _CHARSETS:
        raise InvalidMessage("unsupported-charset", "MSH-18 names an unknown character set")
    if len({field, component, repetition, escape, subcomponent}) < 5:
        raise InvalidMessage("not-hl7", "MSH-2 names a delimiter twice")
    return Encoding(field, component, repetition, escape, subcomponent, _CHARSETS[first])


def _decoded(data: bytes, charset: str) -> str:
    problem = ""
    try:
        return data.decode(charset)
    except UnicodeDecodeError as error:
        problem = f"not {charset}, as MSH-18 has it, at byte {error.start}"
    raise InvalidMessage("wrong-charset", problem)


def _segment(line: str, encoding: Encoding) -> Segment:
    fields = line.split(encoding.field, _MAX_FIELDS)
    name = fields[0].strip()
    if name == "MSH":
        fields.insert(1, encoding.field)  # MSH-1 is the delimiter itself
    return Segment(name, tuple(fields), encoding)
