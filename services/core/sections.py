"""Sections of a clinical note: its headings, found and named.

A heading is a short phrase that opens a line and ends in a colon; a phrase in capitals that ends in
a colon anywhere ("…normal.  ALLERGIES:  Sulfa"); the name of a section and a colon after a full
stop ("NKDA. Meds: none."); a line of its own ("ALLERGIES", "## Plan", "**Labs**"); or the name of a
section that opens a line before a dash. What its words mean is data
(`services.core.section_rules`). Nothing is cut: sections are offsets, and sentences may cross them.

The time is linear in the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from services.core.section_rules import KEEPS_ITEMS, NAMES, NO_HEADING, SYSTEMS, SectionName

MAX_HEADING_CHARS = 80
"""Longer phrases are sentences."""

MIN_UNKNOWN_CHARS = 4
"""Shorter words in capitals are abbreviations ("BP:"), unless they name a section."""

_LINE = re.compile(r"[^\n\r]+")
_OPENING = re.compile(
    r"[\s,]{0,9}(?:[#>*•·–-]{1,4}[ \t]{0,3}|\(?\d{1,2}[.)][ \t]{1,4}|"
    r"\(?[a-zA-Z][.)][ \t]{1,3})?[*_]{0,2}"
)
_TITLED = re.compile(r"[A-Za-z][A-Za-z/&'’()\-]*(?: {1,2}[A-Za-z0-9/&,'’()+.\-]+){0,7}")
_CAPITALS = re.compile(r"[A-Z][A-Z/&\-]*(?: {1,2}[A-Z0-9/&,'’()\-]+){0,6}")
_SHORT = re.compile(r"[A-Z][A-Za-z/&]*(?: [A-Za-z/&]+){0,3}")
_LOWER = re.compile(r"[a-z]")
_DASH = re.compile(r" ?[–—] | -{1,2} ")
_start = attrgetter("start")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a note under one heading; parts do not overlap.

    Attributes:
        name: what it is about.
        title: the words of its heading as written.
        start: where the heading begins.
        body: where the text after the heading begins.
        end: where the next section begins, or the text ends.
    """

    name: SectionName
    title: str
    start: int
    body: int
    end: int


class _Heading(NamedTuple):
    title: str
    start: int
    body: int
    opens: bool
    """Whether it opens its line."""
    strict: bool
    """Whether only the name of a section is a heading here."""


def find_sections(text: str) -> tuple[Section, ...]:
    """The sections of a note in order. What stands before the first heading is in none.

    Args:
        text: a note of any length, empty ones included.
    """
    heads: list[tuple[SectionName, _Heading]] = []
    previous = breaks = 0
    for line in _LINE.finditer(text):
        breaks += text.count("\n", previous, line.start())
        previous = line.end()
        blank_before = breaks > 1
        for heading in _headings(line.group(), line.start()):
            name = _accepted(heading, heads[-1][0] if heads else None, blank_before)
            if name is not None:
                heads.append((name, heading))
        if not line.group().isspace():
            breaks = 0
    ends = [heading.start for _, heading in heads[1:]] + [len(text)]
    return tuple(
        Section(name, heading.title, heading.start, heading.body, end)
        # Without headings there is one end too many.
        for (name, heading), end in zip(heads, ends, strict=False)
    )


def section_at(sections: Sequence[Section], offset: int) -> Section | None:
    """The section that holds a character; None before the first heading."""
    index = bisect_right(sections, offset, key=_start)
    return sections[index - 1] if index else None


@lru_cache(maxsize=4096)
def name_of(heading: str) -> SectionName | None:
    """The section that the words of a heading name; None if they name none.

    A part of the body ("LUNGS") is EXAM.
    """
    words = _normal(heading)
    if not heading.isupper() and NO_HEADING.fullmatch(words):
        return None
    for pattern, name in NAMES:
        if pattern.fullmatch(words):
            return name
    return SectionName.EXAM if SYSTEMS.fullmatch(words) else None


def _normal(heading: str) -> str:
    # In parentheses stands who wrote a list, and when.
    words = re.sub(r"\([^)]*\)?", " ", heading).lower().replace("’", "'")
    return " ".join(words.split()).strip(" .,-*_#:")


def _headings(line: str, offset: int) -> Iterator[_Heading]:
    """What may be a heading in one line, from left to right."""
    opening = _OPENING.match(line)
    begin = opening.end() if opening else 0
    colon = line.find(":")
    if colon < 0:
        yield from _without_colon(line, begin, offset)
        return
    floor = 0
    while colon >= 0:
        found = _before_colon(line, begin, floor, colon)
        if found is not None:
            start, end, strict = found
            yield _Heading(
                line[start:end], offset + start, offset + colon + 1, start == begin, strict
            )
        floor = colon + 1
        colon = line.find(":", floor)


def _before_colon(line: str, begin: int, floor: int, colon: int) -> tuple[int, int, bool] | None:
    """Start and end of the phrase that ends at a colon, and whether it must be a name."""
    end = colon
    while end > floor and line[end - 1] in " *_":
        end -= 1
    if line[colon + 1 : colon + 2].isdigit():
        return None  # a time or a ratio
    low = max(begin, floor, end - MAX_HEADING_CHARS)
    if low >= end:
        return None
    if low == begin and _TITLED.fullmatch(line, begin, end):
        return begin, end, False
    start = end
    for match in _LOWER.finditer(line, low, end):
        start = match.end()
    start = low if start == end and not _LOWER.search(line, low, end) else start
    capitals = _last_capitals(line, start, end)
    if capitals is not None:
        return capitals, end, False
    stop = max(line.rfind(mark, low, end) for mark in (". ", "; ", "| ", ") ", "] "))
    if stop >= 0:
        start = stop + 1
        while start < end and line[start] == " ":
            start += 1
        if _SHORT.fullmatch(line, start, end):
            return start, end, True
    return None


def _last_capitals(line: str, low: int, end: int) -> int | None:
    """Where the longest phrase in capitals that ends at `end` begins."""
    start = low
    while start < end:
        if not line[start].isalpha() or (start > 0 and (line[start - 1].isalnum())):
            start += 1
            continue
        if _CAPITALS.fullmatch(line, start, end):
            return start
        # The next word.
        while start < end and not line[start].isspace() and line[start] not in ",.;|":
            start += 1
    return None


def _without_colon(line: str, begin: int, offset: int) -> Iterator[_Heading]:
    end = len(line.rstrip(" \t*_=#"))
    short = begin < end <= begin + MAX_HEADING_CHARS and line[begin].isupper()
    if short and line[end - 1] not in ".," and _TITLED.fullmatch(line, begin, end):
        yield _Heading(line[begin:end], offset + begin, offset + len(line), True, True)
        return
    dash = _DASH.search(line, begin, begin + 40)
    if dash and _SHORT.fullmatch(line, begin, dash.start()):
        yield _Heading(line[begin : dash.start()], offset + begin, offset + dash.end(), True, True)


def _accepted(
    heading: _Heading, before: SectionName | None, blank_before: bool
) -> SectionName | None:
    """The name of the section if this is a heading, else None."""
    title = heading.title
    name = name_of(title)
    capital = title.isupper() and len(title) > 1
    if title[0].islower() and (name is None or " " in title):
        return None
    if name is SectionName.EXAM and SYSTEMS.fullmatch(_normal(title)):
        if heading.strict and not capital:
            return None
        return before if before is SectionName.REVIEW_OF_SYSTEMS else name
    if name is not None:
        return name
    if not capital or len(title) < MIN_UNKNOWN_CHARS or not heading.opens:
        return None
    item = before in KEEPS_ITEMS and not blank_before
    return None if item or heading.strict else SectionName.OTHER
