"""What MSSO and NLM ship is read, whatever it is encoded in, and nothing else is guessed at."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.adapters.vocabulary.delimited import utf8_rows, western_rows
from services.core.errors import ConfigurationError

Rows = Callable[..., Iterator[list[str]]]
TERMS = ["1$Menière's disease$", "2$Sjögren’s syndrome$", "3$Rash$", "4$Guillain–Barré$"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "llt.asc"


def read(file: Path, rows: Rows = western_rows, columns: int = 3) -> list[list[str]]:
    return list(rows(file, separator="$", columns=columns))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_terms_are_the_same_in_each_encoding_that_msso_ships(
    file: Path, encoding: str, end: str
) -> None:
    file.write_bytes((end.join(TERMS) + end).encode(encoding))
    assert read(file) == [line.split("$") for line in TERMS]


def test_iso_8859_1_is_read_as_what_it_is(file: Path) -> None:
    every = "".join(map(chr, range(0xA0, 0x100)))
    file.write_bytes(f"1${every}$\n".encode("iso-8859-1"))
    assert read(file) == [["1", every, ""]]


@pytest.mark.parametrize("rows", [western_rows, utf8_rows])
def test_a_file_of_windows_without_a_last_separator_has_no_return_in_its_last_cell(
    file: Path, rows: Rows
) -> None:
    file.write_bytes(b"1$Rash$Y\r\n\r\n2$Cough$N\r\n")
    assert read(file, rows) == [["1", "Rash", "Y"], ["2", "Cough", "N"]]


@pytest.mark.parametrize("rows", [western_rows, utf8_rows])
def test_other_ends_of_lines_are_part_of_a_name(file: Path, rows: Rows) -> None:
    file.write_bytes("1$a\x0bb\u2028c\rd$\n".encode())
    assert read(file, rows) == [["1", "a\x0bb\u2028c\rd", ""]]


@pytest.mark.parametrize(
    ("term", "encoding", "byte"),
    [
        ("Menière", "cp850", "0x8A"),
        ("Sjögren", "cp437", "0x94"),
        ("Sjögren", "mac-roman", "0x9A"),
        ("Cañada", "cp850", "0xA4"),
        ("Rash", "utf-16-le", "0x00"),
    ],
)
def test_other_code_pages_are_refused_by_line_and_byte(
    file: Path, term: str, encoding: str, byte: str
) -> None:
    file.write_bytes(b"1$Cough$\n" + f"2${term}$\n".encode(encoding) + b"\xe9$$\n")
    with pytest.raises(ConfigurationError, match=rf"llt\.asc, line 2: byte {byte} .* to UTF-8"):
        read(file)


def test_one_line_that_is_not_utf8_does_not_garble_the_others(file: Path) -> None:
    file.write_bytes("1$Rash$\n2$Menière$\n".encode() + "3$Sjögren$\n".encode("cp1252"))
    with pytest.raises(ConfigurationError, match=r"llt\.asc .* line 2 is UTF-8, line 3 is not"):
        read(file)


@pytest.mark.parametrize("lost", ["M\ufffdni\ufffdre", "MeniÃ¨re", "Sj\u00c3\u00b6gren", "10Â°"])
def test_what_was_garbled_before_is_said(file: Path, lost: str) -> None:
    file.write_text(f"1$Rash$\n2${lost}$\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"llt\.asc, line 2"):
        read(file)


def test_rxnorm_is_utf8_and_nothing_else(file: Path) -> None:
    file.write_bytes("1$Menière$\n".encode() + "2$Sjögren$\n".encode("cp1252"))
    with pytest.raises(ConfigurationError, match=r"llt\.asc, line 2: not UTF-8"):
        read(file, utf8_rows)


@pytest.mark.parametrize("rows", [western_rows, utf8_rows])
def test_a_mark_of_utf8_is_no_part_of_the_first_code(file: Path, rows: Rows) -> None:
    file.write_bytes(codecs.BOM_UTF8 + b"1$Rash$\n")
    assert read(file, rows) == [["1", "Rash", ""]]


@pytest.mark.parametrize("rows", [western_rows, utf8_rows])
def test_what_is_missing_is_named(file: Path, rows: Rows) -> None:
    with pytest.raises(ConfigurationError, match=r"llt\.asc is not in"):
        read(file, rows)
    file.write_bytes(b"1$Rash$Y\n2$Cough\n")
    with pytest.raises(ConfigurationError, match=r"llt\.asc, line 2: fewer than 3 columns"):
        read(file, rows)
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigurationError, match=r"llt\.asc cannot be read: IsADirectoryError"):
        read(file, rows)
