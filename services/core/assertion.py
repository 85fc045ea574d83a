"""What the note says of a relation: affirmed, negated, uncertain, historical and so on.

In the sentences of the two mentions and those between, phrases (`assertion_rules.RULES`) speak of
the event or of the causal link, up to their reach and never across a phrase that ends it. Of
several statements `PRECEDENCE` picks one. Where the sentences say nothing, the nearest heading does
("ALLERGIES:" makes it historical); where that says nothing either, the relation is affirmed.

The work per relation is bounded: at most `LOOK_CHARS` on each side of a mention are read.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from services.core.assertion_rules import (
    PRECEDENCE,
    RULES,
    SECTION_WORDS,
    SECTIONS,
    Direction,
    Rule,
    Target,
)
from services.core.contracts import Assertion
from services.core.spans import Span

LOOK_CHARS = 400
"""How far phrases are looked for on either side of a mention."""

HEADING_CHARS = 3000
"""How far back a heading is looked for."""

_start, _end = itemgetter(0), itemgetter(1)

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_LOWER |= dict.fromkeys(map(ord, "\n\r\t\v\f\u00a0"), ord(" "))

_HEADING = re.compile(
    r"^[ \t]{0,8}(?:\d{1,2}\.[ \t]{1,3})?"
    r"(?P<titled>[A-Z][A-Za-z/&,'()\-]{1,20}(?: [A-Za-z/&,'()\-]{1,20}){0,6}) ?:"
    r"|(?<![A-Za-z])(?P<capitals>[A-Z][A-Z/&\-]{2,20}(?: [A-Z/&\-]{1,20}){0,6}):"
    r"|^[ \t]{0,8}(?P<line>[A-Z][A-Za-z/&\-]{2,20}(?: [A-Za-z/&\-]{1,20}){0,4})[ \t\r]{0,8}(?=\n)",
    re.MULTILINE,
)


class _Cue(NamedTuple):
    start: int
    end: int
    rule: Rule


def assert_relation(
    text: str, sentences: Sequence[tuple[int, int]], drug: tuple[int, int], event: tuple[int, int]
) -> Assertion:
    """What the note says of *drug caused event*.

    Args:
        text: the whole note.
        sentences: its sentences as [start, end), ordered and disjoint.
        drug: the drug mention as [start, end); `event` likewise, in either order.

    Returns:
        One assertion; AFFIRMED where nothing says otherwise.
    """
    cues = _cues(text, _area(sentences, drug, event), (drug, event))
    stops = [cue for cue in cues if cue.rule.direction is Direction.TERMINATE]
    between = Span(min(drug[1], event[1]), max(drug[0], event[0]))
    said = set()
    for cue in cues:
        link = cue.rule.target is Target.EITHER
        inside = link and between.start <= cue.start and cue.end <= between.end
        for mention in (event, drug) if link else (event,):
            near = inside or _share_sentence(sentences, cue, mention)
            if near and _reaches(cue, mention, stops):
                said.add(cue.rule.category)
    section = _section(text, event)
    if section is Assertion.FAMILY:
        return section
    strongest = next((category for category in PRECEDENCE if category in said), None)
    if strongest is None:
        return section or Assertion.AFFIRMED
    if strongest is Assertion.AFFIRMED and section is Assertion.HISTORICAL:
        return section
    return strongest


def _area(
    sentences: Sequence[tuple[int, int]], drug: tuple[int, int], event: tuple[int, int]
) -> list[Span]:
    """The parts of the text to read: the sentences of both mentions and those between, cut to
    the neighbourhood of the mentions."""
    first, last = min(drug[0], event[0]), max(drug[1], event[1])
    begin = bisect_right(sentences, first, key=_end)
    stop = bisect_left(sentences, last, key=_start)
    start = min([first, *(sentence[0] for sentence in sentences[begin : begin + 1])])
    end = max([last, *(sentence[1] for sentence in sentences[max(stop - 1, 0) : stop])])
    near = [
        Span(max(start, mention[0] - LOOK_CHARS), min(end, mention[1] + LOOK_CHARS))
        for mention in sorted([drug, event])
    ]
    if near[0].end < near[1].start:
        return near
    return [Span(near[0].start, max(near[0].end, near[1].end))]


def _cues(text: str, area: Sequence[Span], mentions: tuple[tuple[int, int], ...]) -> list[_Cue]:
    """Phrases in order, without those that begin or end within a mention or lie within another
    phrase."""
    found = [
        _Cue(match.start() + part.start, match.end() + part.start, rule)
        for part in area
        for lowered in [text[part.start : part.end].translate(_LOWER)]
        for rule in RULES
        for match in rule.pattern.finditer(lowered)
    ]
    found.sort(key=lambda cue: (cue.start, -cue.end))
    kept: list[_Cue] = []
    covered = 0
    for cue in found:
        cut = any(start <= cue.start < end or start < cue.end <= end for start, end in mentions)
        if cut or (cue.end <= covered and kept[-1][:2] != cue[:2]):
            continue
        kept.append(cue)
        covered = max(covered, cue.end)
    return kept


def _reaches(cue: _Cue, mention: tuple[int, int], stops: Sequence[_Cue]) -> bool:
    direction = cue.rule.direction
    after = mention[0] >= cue.end
    if direction in (Direction.PSEUDO, Direction.TERMINATE):
        return False
    if cue.start <= mention[0] and mention[1] <= cue.end:
        return True
    if direction is not Direction.ANYWHERE and after != (direction is Direction.FORWARD):
        return False
    low, high = (cue.end, mention[0]) if after else (mention[1], cue.start)
    if high - low > cue.rule.reach:
        return False
    if direction is Direction.ANYWHERE:
        return True
    ended = (None, cue.rule.category)
    return not any(
        low <= stop.start and stop.end <= high and stop.rule.category in ended for stop in stops
    )


def _share_sentence(
    sentences: Sequence[tuple[int, int]], cue: _Cue, mention: tuple[int, int]
) -> bool:
    """Whether no sentence ends between the two."""
    gap = (cue.end, mention[0]) if mention[0] >= cue.end else (mention[1], cue.start)
    following = bisect_left(sentences, gap[0], key=_end)
    return following == len(sentences) or sentences[following][1] > gap[1]


def _section(text: str, mention: tuple[int, int]) -> Assertion | None:
    """What the nearest heading before a mention says."""
    # Nothing behind the mention is seen, so the mention's own line is no heading without a colon.
    floor = max(0, mention[0] - HEADING_CHARS)
    said = None
    for match in _HEADING.finditer(text, floor, mention[0]):
        heading = match["titled"] or match["capitals"] or match["line"]
        name = heading.translate(_LOWER)
        found = next((category for pattern, category in SECTIONS if pattern.search(name)), None)
        if found or heading.isupper() or SECTION_WORDS.search(name):
            said = found
    return said
