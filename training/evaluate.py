"""Asks the two models about documents, and chooses the threshold of relations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.core.bio import Decoded
from services.core.ports import TokenEncoder
from training.corpora.documents import Document
from training.figures import report
from training.metrics import Score, strict
from training.models.relation import CAUSED
from training.pair_metrics import chosen
from training.pairs import candidate_pairs
from training.predict import Runner, predict_mentions, run_rows
from training.scoring import (
    Candidates,
    MentionFinder,
    PairScorer,
    Reading,
    ScoredPair,
    read_documents,
)

__all__ = ["Model", "Reading", "choose_threshold", "end_to_end", "finder", "read", "report"]

EQUALLY_GOOD = 0.005
"""Differences of F1 on dev that are noise."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked: its graph or torch module, and its tokenizer."""

    run: Runner
    encoder: TokenEncoder


def finder(ner: Model) -> MentionFinder:
    """The NER model as evaluation asks it."""

    def find(documents: Sequence[Document]) -> list[list[Decoded]]:
        return predict_mentions(ner.run, ner.encoder, documents)

    return find


def scorer(relation: Model) -> PairScorer:
    """The relation model, asked about the pairs that serving asks about."""

    def score(asked: Sequence[Candidates]) -> list[list[ScoredPair]]:
        pairs = [
            candidate_pairs(one.document, one.drugs, one.events, gold_too=False) for one in asked
        ]
        encodings = relation.encoder.encode([pair.marked for each in pairs for pair in each])
        answers = iter(run_rows(relation.run, [encoding.ids for encoding in encodings]))
        return [
            [ScoredPair(pair.drug, pair.event, float(next(answers)[CAUSED])) for pair in each]
            for each in pairs
        ]

    return score


def read(ner: Model, relation: Model, documents: Sequence[Document]) -> list[Reading]:
    """Run both models over documents as serving does."""
    return read_documents(documents, finder(ner), scorer(relation))


def end_to_end(readings: Iterable[Reading], *, threshold: float) -> Score:
    """Strict: both spans exactly right and related."""
    return sum(
        (
            strict(reading.document.pairs(), chosen(reading.end_to_end, threshold))
            for reading in readings
        ),
        Score(),
    )


def choose_threshold(dev: Mapping[str, Sequence[Reading]]) -> float:
    """The probability at which the mean end-to-end F1 of the corpora is about greatest.

    Args:
        dev: readings of development documents by corpus.
    """
    grid = [step / 20 for step in range(2, 20)]

    def mean(threshold: float) -> float:
        return sum(end_to_end(part, threshold=threshold).f1 for part in dev.values()) / len(dev)

    means = {threshold: mean(threshold) for threshold in grid}
    enough = max(means.values()) - EQUALLY_GOOD
    # Of thresholds about equally good the one nearest to 0.5 depends least on this very sample.
    return min(
        (threshold for threshold in grid if means[threshold] >= enough),
        key=lambda threshold: abs(threshold - 0.5),
    )
