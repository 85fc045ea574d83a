"""RTF to plain text, in time linear in the document.

striprtf looks for fonts and for links with expressions that go back and forth: a damaged font table
of 30 kB took it 27 seconds. So it gets a font table written anew, and links it does not recognise
as such (their text stays, their address is of no use in a note).
"""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

_FONT_TABLE = re.compile(r"\{([^{}]*)\\fonttbl")
_FIELD = re.compile(r"(\\fldinst)\{", re.IGNORECASE)
_BRACE = re.compile(r"\\[{}\\]|[{}]")
_FONT = re.compile(r"\\f(\d{1,5})(?!\d)([^;}]{0,200})")
_CHARSET = re.compile(r"\\fcharset(\d{1,3})(?!\d)")
_MAX_FONTS = 1_000

_FAULTS = (
    ValueError,
    LookupError,
    IndexError,
    KeyError,
    AttributeError,
    TypeError,
    OverflowError,
)
"""What striprtf raises for a document that is none."""


def plain_text(document: str) -> str | None:
    """The text of a document without outer spaces; None if it is not RTF."""
    document = _FIELD.sub(r"\1 {", document)
    start = _FONT_TABLE.search(document)
    if start is not None:
        end = _group_end(document, start.end())
        fonts = _fonts(document[start.end() : end])
        before, within = document[: start.start()], start.group(1)
        document = f"{before}{{\\fonttbl{fonts}}}{{{within}}}{document[end:]}"
    try:
        return str(rtf_to_text(document, encoding="cp1252", errors="replace")).strip()
    except _FAULTS:
        return None


def _group_end(document: str, at: int) -> int:
    """Behind the brace that closes the group around a place; the end if none does."""
    depth = 1
    for brace in _BRACE.finditer(document, at):
        if brace.group() in "{}":
            depth += 1 if brace.group() == "{" else -1
            if depth == 0:
                return brace.end()
    return len(document)


def _fonts(table: str) -> str:
    """The fonts of a table that name their character set, in the plainest form."""
    fonts = []
    for font in _FONT.finditer(table):
        charset = _CHARSET.search(font.group(2))
        if charset is not None:
            fonts.append(f"{{\\f{font.group(1)}\\fcharset{charset.group(1)} X;}}")
            if len(fonts) == _MAX_FONTS:
                break
    return "".join(fonts)
