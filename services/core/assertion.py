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
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

from services.core.assertion_rules import (
    PRECEDENCE,
    RULES,
    Direction,
    Rule,
    Target,
)
from services.core.assertion_topics import OF_SECTION, TOPIC
from services.core.contracts import Assertion
from services.core.sections import Section, find_sections, section_at
from services.core.spans import Span

LOOK_CHARS = 400
"""How far phrases are looked for on either side of a mention."""

LIST_CHARS = 2000
"""How far back the line that opens a list is looked for."""

MANY_SENTENCES = 4
"""As many sentences, or more, that cover both mentions are one clue."""

_start, _end = itemgetter(0), itemgetter(1)

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_LOWER |= dict.fromkeys(map(ord, "\n\r\t\v\f\u00a0"), ord(" "))

_ITEM = re.compile(r"[ \t]{0,8}(?:[-*•·–—>+]|\(?\d{1,2}[.)]|\(?[a-zA-Z][.)]|#\d{1,2})[ \t]")


class Basis(StrEnum):
    """What a reading by rules rests on, from strong to weak."""

    PHRASE = "phrase"
    HEADING = "heading"
    NOTHING = "nothing"


class RuledAssertion(NamedTuple):
    """What the rules read of a relation, what that rests on, and every clue that they saw.

    The clues say more than the status, which is only the strongest of them: they are what a learned
    head is weighed against (`services.core.assertion_combined`).
    """

    status: Assertion
    basis: Basis
    clues: frozenset[str] = frozenset()


class _Cue(NamedTuple):
    start: int
    end: int
    rule: Rule


def assert_relation(
    text: str,
    sentences: Sequence[tuple[int, int]],
    drug: tuple[int, int],
    event: tuple[int, int],
    sections: Sequence[Section] | None = None,
) -> RuledAssertion:
    """What the rules read of *drug caused event*.

    Args:
        text: the whole note.
        sentences: its sentences as [start, end), ordered and disjoint.
        drug: the drug mention as [start, end); `event` likewise, in either order.
        sections: the sections of the note, found here if not given.

    Returns:
        One assertion and what it rests on; AFFIRMED where nothing says otherwise.
    """
    found = find_sections(text) if sections is None else sections
    said = _said(text, sentences, drug, event)
    heading = _of_section(text, section_at(found, event[0]), event[0])
    topic = _topic(text, min(drug[0], event[0]))
    status, basis = _decided(said, heading, topic)
    clues = {
        f"{status} by {basis}",
        f"heading {heading}",
        f"topic {topic}",
        "drug first" if drug[0] < event[0] else "event first",
        f"{_covering(sentences, drug, event)} sentences",
        *(f"says {one}" for one in said or ("nothing",)),
    }
    return RuledAssertion(status, basis, frozenset(clues))


def _decided(
    said: set[Assertion], heading: Assertion | None, topic: Assertion | None
) -> tuple[Assertion, Basis]:
    """The strongest of what phrases say, what the section's heading says and what the topic of a
    line or list says."""
    if heading is Assertion.FAMILY and Assertion.NEGATED not in said:
        return heading, Basis.HEADING
    strongest = next((category for category in PRECEDENCE if category in said), None)
    if strongest is not None and strongest is not Assertion.AFFIRMED:
        return strongest, Basis.PHRASE
    about = topic or heading
    if about is None or (strongest and about is Assertion.HYPOTHETICAL):
        return Assertion.AFFIRMED, Basis.PHRASE if strongest else Basis.NOTHING
    return about, Basis.HEADING


def _covering(
    sentences: Sequence[tuple[int, int]], drug: tuple[int, int], event: tuple[int, int]
) -> int:
    """How many sentences cover both mentions, counted to `MANY_SENTENCES`."""
    first, last = min(drug[0], event[0]), max(drug[1], event[1])
    touched = bisect_left(sentences, last, key=_start) - bisect_right(sentences, first, key=_end)
    return min(max(touched, 1), MANY_SENTENCES)


def _said(
    text: str, sentences: Sequence[tuple[int, int]], drug: tuple[int, int], event: tuple[int, int]
) -> set[Assertion]:
    """What the phrases that reach the relation say."""
    cues = _cues(text, _area(sentences, drug, event), (drug, event))
    stops = [cue for cue in cues if cue.rule.direction is Direction.TERMINATE]
    between = Span(min(drug[1], event[1]), max(drug[0], event[0]))
    said = set()
    for cue in cues:
        link = cue.rule.target is Target.EITHER
        inside = link and between.start <= cue.start and cue.end <= between.end
        for mention in (event, drug) if link else (event,):
            near = inside or _share_sentence(sentences, cue, mention)
            if near and _reaches(cue, mention, stops) and cue.rule.category is not None:
                said.add(_of_refusal(cue, drug, event))
    return said


def _of_refusal(cue: _Cue, drug: tuple[int, int], event: tuple[int, int]) -> Assertion:
    """A "no" right before the drug refuses it and does not deny what it would do ("no NSAIDs,
    ulcers"); but "no digoxin toxicity" denies."""
    category = cue.rule.category or Assertion.AFFIRMED
    plain = cue.end - cue.start <= len("not")
    refused = plain and 0 <= drug[0] - cue.end <= 1 and event[0] - drug[1] > 1
    return Assertion.HYPOTHETICAL if refused and category is Assertion.NEGATED else category


def _of_section(text: str, section: Section | None, position: int) -> Assertion | None:
    """What the heading above a mention says of it.

    Prose after a blank line is no longer under the heading, items of a list are.
    """
    if section is None or section.name not in OF_SECTION:
        return None
    under = text[section.body : position][-LIST_CHARS:]
    head, blank, tail = under.strip().rpartition("\n\n")
    if blank and head.strip() and not _ITEM.match(tail.rsplit("\n", 1)[-1] + " "):
        return None
    return OF_SECTION[section.name]


def _topic(text: str, position: int) -> Assertion | None:
    """What the words before a colon say, on the line of a mention or above its list."""
    floor = max(0, position - LIST_CHARS)
    line = text.rfind("\n", floor, position) + 1 or floor
    said = _last_topic(text[line:position])
    if said is not None:
        return _meaning(said)
    while line > floor:
        above = text.rfind("\n", floor, line - 1) + 1 or floor
        words = text[above : line - 1].strip()
        if not words:
            return None
        if words.endswith(":"):
            said = _last_topic(words)
            return _meaning(said) if said is not None else None
        if not _ITEM.match(text, above, line):
            return None
        line = above
    return None


def _last_topic(words: str) -> str | None:
    """The kind of the last topic that the words open."""
    kind = None
    for match in TOPIC.finditer(words.translate(_LOWER)):
        kind = match.lastgroup
    return kind


def _meaning(kind: str) -> Assertion | None:
    return None if kind == "ends" else Assertion(kind)


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
        # Of what ends a reach only a semicolon ends this one.
        return not any(
            low <= stop.start and stop.end <= high and stop.end - stop.start == 1 for stop in stops
        )
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
