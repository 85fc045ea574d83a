"""Windows of sentences around a drug and an event, and how the relation model sees them.

Training and serving build the model's input with these very functions.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from services.core.spans import Span

DRUG_OPEN, DRUG_CLOSE = "<DRUG>", "</DRUG>"
ADE_OPEN, ADE_CLOSE = "<ADE>", "</ADE>"
MARKERS = (DRUG_OPEN, DRUG_CLOSE, ADE_OPEN, ADE_CLOSE)
"""The special tokens of the relation model, in the order of their ids."""


class Form(StrEnum):
    """How pairs are shown to a relation model.

    Marked: one pair a reading, with markers in its text. Levitated: the text as it is, and the
    places of up to `MAX_PAIRS` pairs beside it.
    """

    MARKED = "marked"
    LEVITATED = "levitated"


MAX_SENTENCES = 4

MAX_PAIRS = 16
"""Pairs that are asked about in one reading of a window."""

_WORD_START = re.compile(r"(?:^|[ \t\n\r])[A-Za-z0-9]")
_start = attrgetter("start")
_end = attrgetter("end")


def pair_window(
    sentences: Sequence[Span], first: Span, second: Span, *, max_sentences: int = MAX_SENTENCES
) -> Span | None:
    """The smallest run of sentences that covers two mentions.

    Args:
        sentences: of one text, ordered and disjoint.
        first: a mention of that text; `second` another one, in any order.
        max_sentences: the longest run allowed.

    Returns:
        The span of the run, or None if it needs more than `max_sentences` sentences or no
        sentence touches the mentions.
    """
    start, end = min(first.start, second.start), max(first.end, second.end)
    begin, stop = _touched(sentences, start, end)
    if begin >= stop or stop - begin > max_sentences:
        return None
    return Span(min(start, sentences[begin].start), max(end, sentences[stop - 1].end))


def apartness(sentences: Sequence[Span], first: Span, second: Span) -> tuple[int, int]:
    """How far two mentions are from each other: less for the nearer ones.

    Args:
        sentences: of one text, ordered and disjoint.
        first: a mention of that text; `second` another one, in any order.

    Returns:
        How many sentences cover both, then the characters between them: a mention of the same
        sentence is nearer than one of the sentence before, wherever they stand in it.
    """
    begin, stop = _touched(sentences, min(first.start, second.start), max(first.end, second.end))
    return stop - begin, max(first.start - second.end, second.start - first.end, 0)


class WordStarts:
    """Where the words of a text begin, each of them at least one token of any tokenizer."""

    def __init__(self, text: str) -> None:
        self._starts = [match.start() for match in _WORD_START.finditer(text)]

    def between(self, start: int, end: int) -> int:
        """How many begin in a stretch of the text; 0 if it ends before it begins."""
        return max(bisect_left(self._starts, end) - bisect_left(self._starts, start), 0)


def _touched(sentences: Sequence[Span], start: int, end: int) -> tuple[int, int]:
    """The run [begin, stop) of the sentences that touch a stretch of text."""
    return bisect_right(sentences, start, key=_end), bisect_left(sentences, end, key=_start)


class PairWindow(NamedTuple):
    """A run of sentences and which pairs are asked about in it."""

    span: Span
    pairs: tuple[int, ...]


def shared_windows(
    sentences: Sequence[Span],
    pairs: Sequence[tuple[Span, Span]],
    *,
    max_sentences: int = MAX_SENTENCES,
    max_pairs: int = MAX_PAIRS,
) -> list[PairWindow]:
    """Windows in which all pairs can be asked about, each pair in one.

    Pairs are taken in the order of their windows; the next one joins the current window as long
    as the run of sentences that covers both is short enough. Pairs that need more than
    `max_sentences` are in no window.

    Args:
        sentences: of one text, ordered and disjoint.
        pairs: (drug, event) mentions of that text.
        max_sentences: the longest run allowed.
        max_pairs: the most pairs of a window.
    """
    places = [
        (window, index)
        for index, (drug, event) in enumerate(pairs)
        if (window := pair_window(sentences, drug, event, max_sentences=max_sentences)) is not None
    ]
    found: list[PairWindow] = []
    for window, index in sorted(places):
        if found and len(found[-1].pairs) < max_pairs:
            last = found[-1]
            joined = pair_window(sentences, last.span, window, max_sentences=max_sentences)
            if joined is not None:
                found[-1] = PairWindow(joined, (*last.pairs, index))
                continue
        found.append(PairWindow(window, (index,)))
    return found


def apart(
    window: PairWindow,
    sentences: Sequence[Span],
    pairs: Sequence[tuple[Span, Span]],
    *,
    max_sentences: int = MAX_SENTENCES,
) -> list[PairWindow]:
    """A shared window as the smallest windows of its pairs, each with all pairs that have it.

    Args:
        window: of `shared_windows`.
        sentences: those it was made from; `pairs` likewise.
        pairs: see `sentences`.
        max_sentences: the longest run allowed.
    """
    own: dict[Span, list[int]] = {}
    for index in window.pairs:
        smallest = pair_window(sentences, *pairs[index], max_sentences=max_sentences)
        if smallest is not None:
            own.setdefault(smallest, []).append(index)
    return [PairWindow(span, tuple(members)) for span, members in own.items()]


def pair_tokens(
    offsets: Sequence[tuple[int, int]], window: Span, drug: Span, event: Span
) -> tuple[int, int, int, int] | None:
    """First and last token of a drug and of an event in the encoding of their window.

    Args:
        offsets: characters per token, in the window's text; empty ones are special tokens.
        window: the window in its text.
        drug: the drug mention in the same text; `event` likewise.

    Returns:
        Inclusive indices, or None if a mention touches no token.
    """
    one = _mention_tokens(offsets, window.start, drug)
    other = _mention_tokens(offsets, window.start, event)
    return None if one is None or other is None else (*one, *other)


def _mention_tokens(
    offsets: Sequence[tuple[int, int]], window_start: int, mention: Span
) -> tuple[int, int] | None:
    start, end = mention.start - window_start, mention.end - window_start
    touching = [
        index for index, (left, right) in enumerate(offsets) if left < end and right > start
    ]
    return (touching[0], touching[-1]) if touching else None


def mark_pair(text: str, window: Span, drug: Span, event: Span) -> str | None:
    """The window's text with `<DRUG>…</DRUG>` and `<ADE>…</ADE>` around the two mentions.

    Mentions may overlap: of two nested ones the longer is marked outside, of two equal ones the
    drug; of two that cross, each marker stands exactly where its mention begins or ends. Markers
    that the text itself contains are taken apart, so that the result has each marker once.

    Args:
        text: the whole note.
        window: the part to be marked; offsets of all spans count in `text`.
        drug: the drug mention.
        event: the event mention.

    Returns:
        The marked text, or None if a mention is empty or not within the window.
    """
    for mention in (drug, event):
        if not window.start <= mention.start < mention.end <= window.end:
            return None
    # At one position closing markers come first, then opening ones with the longer mention
    # outside; `rank` orders the two mentions, 0 being the outer one.
    drug_rank, event_rank = (0, 1) if _length(drug) >= _length(event) else (1, 0)
    insertions = sorted(
        [
            (drug.start, 1, drug_rank, DRUG_OPEN),
            (drug.end, 0, -drug_rank, DRUG_CLOSE),
            (event.start, 1, event_rank, ADE_OPEN),
            (event.end, 0, -event_rank, ADE_CLOSE),
        ]
    )
    pieces: list[str] = []
    position = window.start
    for offset, _, _, marker in insertions:
        pieces.extend((_defused(text[position:offset]), marker))
        position = offset
    pieces.append(_defused(text[position : window.end]))
    return "".join(pieces)


def _length(span: Span) -> int:
    return span.end - span.start


def _defused(text: str) -> str:
    for marker in MARKERS:
        text = text.replace(marker, f"< {marker[1:-1]} >")
    return text
