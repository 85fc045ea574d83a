"""Sentences of clinical text.

Two passes, each linear in the length of the text. The first decides for every line break whether
it ends a sentence (an item of a list, a heading, a short line) or only wraps a long line. The
second looks at full stops, question and exclamation marks within lines that belong together.

A sentence has no greatest length: text without a stop is one sentence; its reader windows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.core.spans import Span

WRAPPED_LINE_CHARS = 50
"""A line at least this long that ends without a stop continues on the next line."""

# Never the end of a sentence: what follows belongs to them.
_OPEN_ABBREVIATIONS = frozenset(
    [
        "dr",
        "drs",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "vs",
        "e.g",
        "i.e",
        "cf",
        "fig",
        "figs",
        "approx",
        "ca",
        "no",
        "nos",
        "incl",
        "resp",
        "gen",
    ]
)

# May end a sentence; then the next one starts with a capital.
_CLOSED_ABBREVIATIONS = frozenset(
    [
        "mg",
        "mcg",
        "ml",
        "kg",
        "gm",
        "tab",
        "tabs",
        "cap",
        "caps",
        "hr",
        "hrs",
        "min",
        "mins",
        "sec",
        "yr",
        "yrs",
        "wk",
        "wks",
        "mo",
        "mos",
        "temp",
        "wt",
        "ht",
        "pt",
        "pts",
        "dept",
        "hosp",
        "lab",
        "labs",
        "inj",
        "soln",
        "susp",
        "supp",
        "amp",
        "max",
        "avg",
        "est",
        "neg",
        "pos",
        "hx",
        "dx",
        "rx",
        "tx",
        "sx",
        "fx",
        "bp",
        "hgb",
        "hct",
        "jr",
        "sr",
        "inc",
        "ltd",
        "co",
        "etc",
        "al",
        "dec",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
    ]
)

_LINE = re.compile(r"[^\n\r\f\v\x1c-\x1e\x85\u2028\u2029]+")
_LIST_ITEM = re.compile(r"\s*(?:[-*•·–—>+]\s|\(?\d{1,3}[.)](?!\d)|\(?[A-Za-z][.)]\s)")
_HEADING = re.compile(r"\s*[A-Z][A-Za-z0-9 /&,()'-]{0,60}:")
_STOP = re.compile(r"(?<![.?!])[.?!]+[\"'”’)\]]*")
_DOTTED = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]")
_NUMBER = re.compile(r"\(?\d{1,3}")


def split_sentences(text: str) -> list[Span]:
    """Sentences of a text in order, disjoint, without surrounding white space.

    Every character that is not white space belongs to exactly one sentence. Headings stay with
    what follows them on their line; numbers of list items stay with their item.

    Args:
        text: a note of any length, empty ones included.

    Returns:
        Half-open character spans.
    """
    return [
        sentence
        for block in _blocks(text)
        for piece in _pieces(text, block)
        if (sentence := _trimmed(text, piece)) is not None
    ]


def _blocks(text: str) -> Iterator[Span]:
    """Runs of lines that only wrapping separates."""
    start: int | None = None
    previous = Span(0, 0)
    for match in _LINE.finditer(text):
        line = _trimmed(text, Span(match.start(), match.end()))
        if line is None:
            continue
        if start is None:
            start = line.start
        elif not _wraps(text, previous, line):
            yield Span(start, previous.end)
            start = line.start
        previous = line
    if start is not None:
        yield Span(start, previous.end)


def _wraps(text: str, line: Span, following: Span) -> bool:
    """Whether the text of `line` goes on in `following`, the next line that is not blank."""
    between = text[line.end : following.start]
    if between.count("\n") + between.count("\r") - between.count("\r\n") != 1:
        return False
    if text[line.end - 1] in ".?!:;":
        return False
    # A bounded look at the line: patterns must not read a line of any length again.
    head = text[following.start : min(following.end, following.start + 80)]
    if _LIST_ITEM.match(head) or _HEADING.match(head):
        return False
    return head[0].islower() or line.end - line.start >= WRAPPED_LINE_CHARS


def _pieces(text: str, block: Span) -> Iterator[Span]:
    start = block.start
    for match in _STOP.finditer(text, block.start, block.end):
        end = match.end()
        if end < block.end and _ends_sentence(text, start, match, block.end):
            yield Span(start, end)
            start = end
    yield Span(start, block.end)


def _ends_sentence(text: str, start: int, stop: re.Match[str], limit: int) -> bool:
    end = stop.end()
    if not text[end].isspace():
        return _glued(text, stop, limit)
    if text[stop.start()] in "?!":
        return True
    following = _next_character(text, end, limit)
    if following.islower():
        return False
    word = _word_before(text, max(start, stop.start() - 40), stop.start())
    if _is_item_number(text, start, stop.start(), word):
        return False
    lowered = word.lower()
    if lowered in _OPEN_ABBREVIATIONS:
        return False
    if _is_initial(text, start, stop.start(), word):
        return False
    if lowered in _CLOSED_ABBREVIATIONS or _DOTTED.fullmatch(word):
        return _starts_like_sentence(text, end, limit)
    return True


def _glued(text: str, stop: re.Match[str], limit: int) -> bool:
    """Whether a stop without white space after it ("daily.She") ends a sentence all the same."""
    before = text[max(0, stop.start() - 2) : stop.start()]
    after = text[stop.end() : min(limit, stop.end() + 2)]
    return (
        len(before) == 2
        and before.isalpha()
        and before.islower()
        and len(after) == 2
        and after.isalpha()
        and after.istitle()
    )


def _next_character(text: str, position: int, limit: int) -> str:
    while position < limit and text[position].isspace():
        position += 1
    return text[position : position + 1]


def _word_before(text: str, floor: int, end: int) -> str:
    start = end
    while start > floor and not text[start - 1].isspace():
        start -= 1
    return text[start:end].lstrip("(\"'“‘[,;:")


def _is_item_number(text: str, start: int, stop: int, word: str) -> bool:
    """Whether "1." opens an item: nothing, a colon or a comma stands before it."""
    if not _NUMBER.fullmatch(word):
        return False
    position = stop - len(word) - 1
    while position >= start and text[position].isspace():
        position -= 1
    return position < start or text[position] in ":,("


def _is_initial(text: str, start: int, stop: int, word: str) -> bool:
    """Whether a single capital is somebody's initial ("John D. Miller")."""
    if len(word) != 1 or not word.isupper():
        return False
    before = _word_before(text, max(start, stop - 42), stop - 2)
    return before == "" or (before[:1].isupper() and not before.isupper())


def _starts_like_sentence(text: str, position: int, limit: int) -> bool:
    """Whether what follows is a capitalised word, an item number or a heading, in mixed case."""
    while position < limit and text[position].isspace():
        position += 1
    head = text[position : min(limit, position + 12)]
    if head[:1].isdigit():
        return _LIST_ITEM.match(head) is not None
    first = head.split(maxsplit=1)[0] if head else ""
    if len(first) > 1 and first.rstrip(",:.;").isupper():
        # Capitals only: an abbreviation, or text without lower case, which says nothing.
        return False
    return first[:1].isupper()


def _trimmed(text: str, span: Span) -> Span | None:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if start < end else None
