"""Windows of sentences around a drug and an event, and how the relation model sees them.

Training and serving build the model's input with these very functions.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter

from services.core.spans import Span

DRUG_OPEN, DRUG_CLOSE = "<DRUG>", "</DRUG>"
ADE_OPEN, ADE_CLOSE = "<ADE>", "</ADE>"
MARKERS = (DRUG_OPEN, DRUG_CLOSE, ADE_OPEN, ADE_CLOSE)
"""The special tokens of the relation model, in the order of their ids."""

MAX_SENTENCES = 4

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
    begin = bisect_right(sentences, start, key=_end)
    stop = bisect_left(sentences, end, key=_start)
    if begin >= stop or stop - begin > max_sentences:
        return None
    return Span(min(start, sentences[begin].start), max(end, sentences[stop - 1].end))


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
