"""Rows of the delimited text that RxNorm and MedDRA come in.

RxNorm is UTF-8 (RxNorm technical documentation, section 11.1). MedDRA is, by the README of its
releases, "extended ASCII" for English and the languages of western Europe and UTF-8 for the
others. That is taken to be ISO 8859-1, with the quotation marks and dashes of Windows-1252 in the
places where ISO 8859-1 has none; what may be of another code page is refused, not guessed at.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.core.errors import ConfigurationError

_WESTERN = "cp1252"
_DOUBTFUL = re.compile(
    # What ISO 8859-1 has no character for, but for ‘ ’ “ ” – — of Windows-1252.
    rb"[\x00-\x08\x0e-\x1f\x7f-\x90\x95\x98-\x9f]"
    # What is no letter in the midst of a word, where other code pages have their letters.
    rb"|(?<=[A-Za-z])[\x91\x93\x94\xa1-\xac\xae-\xb6\xb8-\xbf](?=[A-Za-z])"
)
_GARBLED = re.compile("[\0\ufffd]|[\xc2\xc3][\x80-\xbf]")
"""What stands in a text that somebody read with the wrong encoding and saved again."""


def utf8_rows(path: Path, *, separator: str, columns: int) -> Iterator[list[str]]:
    """The cells of each line, at least `columns`, of a file that may be larger than memory.

    Raises:
        ConfigurationError: the file cannot be read, or a line is not UTF-8 or too short; which
            file and line.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                text = _decoded(path, number, line.removesuffix(b"\n"), "utf-8")
                yield from _cells(path, number, text, separator, columns)
    except OSError as error:
        raise _unreadable(path, error) from None


def western_rows(path: Path, *, separator: str, columns: int) -> Iterator[list[str]]:
    """The cells of each line, at least `columns`, of UTF-8 or of ISO 8859-1 or Windows-1252.

    A file is UTF-8 if all of it is, and of the others only if no line with other characters than
    ASCII is UTF-8.

    Raises:
        ConfigurationError: the file cannot be read, a line is too short or of neither encoding, or
            of another one than the line before it; which file and line.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise _unreadable(path, error) from None
    encoding = _encoding(path, lines)
    for number, line in enumerate(lines, 1):
        text = _decoded(path, number, line, encoding)
        if _GARBLED.search(text):
            raise ConfigurationError(f"{path.name}, line {number}: a character was lost before")
        yield from _cells(path, number, text, separator, columns)


def _encoding(path: Path, lines: Sequence[bytes]) -> str:
    utf8 = western = 0
    for number, line in enumerate(lines, 1):
        if line.isascii():
            continue
        if _is_utf8(line):
            utf8 = utf8 or number
        else:
            western = western or number
    if utf8 and western:
        raise ConfigurationError(
            f"{path.name} has two encodings: line {utf8} is UTF-8, line {western} is not"
        )
    return _WESTERN if western else "utf-8"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(path: Path, number: int, line: bytes, encoding: str) -> str:
    if number == 1:
        line = line.removeprefix(codecs.BOM_UTF8)
    if encoding == _WESTERN and (doubtful := _DOUBTFUL.search(line)):
        raise ConfigurationError(
            f"{path.name}, line {number}: byte 0x{doubtful.group()[0]:02X} is neither UTF-8 nor "
            "surely ISO 8859-1 or Windows-1252; convert the file to UTF-8"
        )
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name}, line {number}: not UTF-8") from None


def _cells(path: Path, number: int, line: str, separator: str, columns: int) -> Iterator[list[str]]:
    """The cells of a line without its carriage return; of an empty line no cells."""
    line = line.removesuffix("\r")
    if not line:
        return
    cells = line.split(separator)
    if len(cells) < columns:
        raise ConfigurationError(f"{path.name}, line {number}: fewer than {columns} columns")
    yield cells


def _unreadable(path: Path, error: OSError) -> ConfigurationError:
    if isinstance(error, FileNotFoundError):
        return ConfigurationError(f"{path.name} is not in {path.parent}")
    return ConfigurationError(f"{path} cannot be read: {type(error).__name__}")
