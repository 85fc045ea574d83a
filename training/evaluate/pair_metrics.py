"""Scores of relations of one document: strict, overlapping, by name, and of both classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from services.core.contracts import MentionType
from services.core.spans import Span
from services.core.windows import pair_window
from training.corpora.documents import Document
from training.evaluate.metrics import Score, strict
from training.evaluate.scoring import ScoredPair

SpanPair = tuple[Span, Span]


class BothClasses(NamedTuple):
    """Scores of *caused* and of *unrelated* over the same candidate pairs."""

    related: Score
    unrelated: Score


def chosen(pairs: Iterable[ScoredPair], threshold: float) -> set[SpanPair]:
    """(drug, event) of the pairs that count as related."""
    return {pair.spans for pair in pairs if pair.caused >= threshold}


def overlapping(gold: set[SpanPair], predicted: set[SpanPair]) -> Score:
    """A pair is right if both its spans overlap those of one gold pair, of any status."""

    def matches(one: SpanPair, other: SpanPair) -> bool:
        return one[0].overlaps(other[0]) and one[1].overlaps(other[1])

    right = sum(any(matches(pair, other) for other in gold) for pair in predicted)
    found = sum(any(matches(pair, other) for other in predicted) for pair in gold)
    return Score(right, len(predicted), len(gold), found)


def by_name(document: Document, gold: set[SpanPair], predicted: set[SpanPair]) -> Score:
    """A pair is its two wordings, whichever of its mentions carries it."""
    return strict(_names(document, gold), _names(document, predicted))


def gold_candidates(document: Document) -> set[SpanPair]:
    """All pairs of gold mentions that one window holds, and all gold pairs."""
    drugs = {mention.span for mention in document.spans(MentionType.DRUG)}
    events = {mention.span for mention in document.spans(MentionType.ADE)}
    near = {
        (drug, event)
        for drug in drugs
        for event in events
        if pair_window(document.sentences, drug, event) is not None
    }
    return near | document.pairs()


def both_classes(document: Document, predicted: set[SpanPair]) -> BothClasses:
    """Scores over `gold_candidates`; what a scorer leaves out it calls unrelated."""
    everything, gold = gold_candidates(document), document.pairs()
    said = predicted & everything
    return BothClasses(strict(gold, said), strict(everything - gold, everything - said))


def _names(document: Document, pairs: Iterable[SpanPair]) -> set[tuple[str, str]]:
    text = document.text.lower()
    return {(text[d.start : d.end], text[e.start : e.end]) for d, e in pairs}
