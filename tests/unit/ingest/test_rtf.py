"""RTF documents: their text, and that no document takes longer than its length."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.ingest.rtf import plain_text
from tests.growth import assert_linear

POLISH = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}"
    r"{\f1\froman\fcharset238{\*\panose 02020603050405020304}Times;}}"
    r"\f1 wysypka po \'b9 amoksycylinie}"
)
LINK = (
    r'{\rtf1{\fonttbl{\f0\fcharset0 A;}}see {\field{\*\fldinst{HYPERLINK "http://x.test/1"}}'
    r"{\fldrslt{the letter}}} please}"
)


def test_a_font_says_how_its_letters_are_coded() -> None:
    assert plain_text(POLISH) == "wysypka po ą amoksycylinie"


def test_of_a_link_its_text_stays() -> None:
    assert plain_text(LINK) == "see the letter please"


def test_a_font_table_that_is_never_closed_leaves_no_text() -> None:
    assert plain_text(r"{\rtf1{\fonttbl{\f0\fcharset0 Arial; rash after aspirin") == ""


@pytest.mark.parametrize("document", [r"{\rtf1\ansicpg{\u9x}\uc1", r"{\rtf1 \u99999999999 }"])
def test_what_is_no_rtf_is_none_or_text(document: str) -> None:
    assert plain_text(document) is None or isinstance(plain_text(document), str)


@pytest.mark.parametrize(
    "hostile",
    [
        lambda n: r"{\rtf1{\fonttbl{\f" + "0" * n,
        lambda n: r"{\rtf1\ansi\fonttbl{\f" + "0" * n,
        lambda n: r"{\rtf1{\f" + "0" * n + r"\fonttbl{\f",
        lambda n: r"{\rtf1{\fonttbl" + r"{\f1" * n,
        lambda n: r"{\rtf1 " + r"{\field{\*\FLDINST{HYPERLINK " * n,
        lambda n: r"{\rtf1 " + r"{\pict\bin1 x}" * n,
        lambda n: r"{\rtf1{\fonttbl" + r"\f1 \fcharset" * n + "}",
        lambda n: r"{\rtf1{" + "x" * n + r"\fonttbl}}",
        lambda n: "{" * n,
        lambda n: r"{\rtf1 " + r"{\field{\*\fldinst{HYPERLINK " * n,
        lambda n: r"{\rtf1 {\field{\*\fldinst{" + 'HYPERLINK "' * n,
        lambda n: r"{\rtf1 {\pict\bin" + r"\bin1 " * n,
        lambda n: r"{\rtf1 " + r"\'e9" * n,
    ],
)
def test_time_is_linear(hostile: Callable[[int], str]) -> None:
    assert_linear(lambda size: plain_text(hostile(size)), size=2_000)
