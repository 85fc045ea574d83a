"""Trivial scorers that a model has to beat: always yes, the same sentence, the nearest drug."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.core.spans import Span
from services.core.windows import pair_window
from training.corpora.documents import Document
from training.evaluate.scoring import PairScorer, ScoredPair, one_by_one


def always_yes(
    document: Document, drugs: Sequence[Span], events: Sequence[Span]
) -> list[ScoredPair]:
    """Every pair that one window holds."""
    return [ScoredPair(drug, event, 1.0) for drug, event in _pairs(document, drugs, events)]


def same_sentence(
    document: Document, drugs: Sequence[Span], events: Sequence[Span]
) -> list[ScoredPair]:
    """Every pair that one sentence holds."""
    return [
        ScoredPair(drug, event, float(_together(document, drug, event)))
        for drug, event in _pairs(document, drugs, events)
    ]


def nearest_drug(
    document: Document, drugs: Sequence[Span], events: Sequence[Span]
) -> list[ScoredPair]:
    """Every event with the drug fewest characters away; of two equally near the earlier one."""
    pairs = list(_pairs(document, drugs, events))
    nearest: dict[Span, Span] = {}
    for drug, event in pairs:
        if event not in nearest or _gap(drug, event) < _gap(nearest[event], event):
            nearest[event] = drug
    return [ScoredPair(drug, event, float(nearest[event] == drug)) for drug, event in pairs]


BASELINES: dict[str, PairScorer] = {
    "always_yes": one_by_one(always_yes),
    "same_sentence": one_by_one(same_sentence),
    "nearest_drug": one_by_one(nearest_drug),
}


def _pairs(
    document: Document, drugs: Sequence[Span], events: Sequence[Span]
) -> Iterator[tuple[Span, Span]]:
    for event in sorted(events):
        for drug in sorted(drugs):
            if pair_window(document.sentences, drug, event) is not None:
                yield drug, event


def _together(document: Document, drug: Span, event: Span) -> bool:
    return pair_window(document.sentences, drug, event, max_sentences=1) is not None


def _gap(drug: Span, event: Span) -> int:
    return max(drug.start - event.end, event.start - drug.end, 0)
