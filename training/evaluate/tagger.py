"""Asks the two models about documents, and chooses the threshold of relations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from services.core.assertion import assert_relation
from services.core.assertion_combined import combine
from services.core.bio import Decoded, TagChains
from services.core.confidence import Confidence
from services.core.contracts import Assertion
from services.core.model_ports import TokenEncoder
from services.core.sections import Section, find_sections
from training.corpora.documents import Document
from training.evaluate.confidence import fit_confidence, weighed
from training.evaluate.figures import report
from training.evaluate.metrics import Score, strict
from training.evaluate.pair_metrics import chosen
from training.evaluate.pair_scores import PairAnswer, PairModel, score_pairs
from training.evaluate.predict import Runner, predict_mentions
from training.evaluate.scoring import (
    Candidates,
    MentionFinder,
    PairScorer,
    Reading,
    ScoredPair,
    read_documents,
)
from training.models.relation import STATUSES
from training.rows.pairs import Pair, candidate_pairs

__all__ = [
    "Reading",
    "Tagger",
    "calibrated",
    "choose_threshold",
    "end_to_end",
    "finder",
    "fit_confidence_and_threshold",
    "read",
    "report",
]

EQUALLY_GOOD = 0.005
"""Differences of F1 on dev that are noise."""


@dataclass(frozen=True, slots=True)
class Tagger:
    """A NER model that can be asked: its graph or torch module, its tokenizer, whether it reads
    windows of whole sentences, and the chains of a CRF."""

    run: Runner
    encoder: TokenEncoder
    reads_windows: bool
    chains: TagChains | None = None


def finder(ner: Tagger) -> MentionFinder:
    """The NER model as evaluation asks it."""

    def find(documents: Sequence[Document]) -> list[list[Decoded]]:
        return predict_mentions(
            ner.run,
            ner.encoder,
            documents,
            reads_windows=ner.reads_windows,
            chains=ner.chains,
        )

    return find


def scorer(relation: PairModel) -> PairScorer:
    """The relation model, asked about the pairs that serving asks about, with the rules.

    A pair that fits into no window is left out, as in serving.
    """

    def score(asked: Sequence[Candidates]) -> list[list[ScoredPair]]:
        pairs = [
            candidate_pairs(one.document, one.drugs, one.events, for_training=False)
            for one in asked
        ]
        answers = iter(score_pairs(relation, [pair for each in pairs for pair in each]))
        return [
            [
                ScoredPair(
                    pair.drug,
                    pair.event,
                    answer.probability,
                    _asserted(pair, answer, sections, relation),
                )
                for pair, answer in zip(each, answers, strict=False)
                if answer.asked
            ]
            for one, each in zip(asked, pairs, strict=True)
            for sections in (find_sections(one.document.text) if each else (),)
        ]

    return score


def _asserted(
    pair: Pair, answer: PairAnswer, sections: Sequence[Section], relation: PairModel
) -> Assertion:
    """The status that serving would give."""
    ruled = assert_relation(
        pair.document.text, pair.document.sentences, pair.drug, pair.event, sections
    )
    if not relation.learned_statuses:
        return ruled.status
    head = dict(zip(STATUSES, map(float, answer.statuses), strict=True))
    return combine(ruled, head, relation.status_weights)


def read(ner: Tagger, relation: PairModel, documents: Sequence[Document]) -> list[Reading]:
    """Run both models over documents as serving does."""
    return weighed(read_documents(documents, finder(ner), scorer(relation)), relation.confidence)


def end_to_end(readings: Iterable[Reading], *, threshold: float) -> Score:
    """Strict: both spans exactly right and related."""
    return sum(
        (
            strict(reading.document.pairs(), chosen(reading.end_to_end, threshold))
            for reading in readings
        ),
        Score(),
    )


def calibrated(
    ner: Tagger, relation: PairModel, dev: Mapping[str, Sequence[Document]]
) -> tuple[Confidence, float]:
    """How to weigh the answers of both models, and the threshold for what comes of it.

    Args:
        ner: finds the mentions.
        relation: decides which are related; a confidence that it has is not used.
        dev: development documents by kind of text.
    """
    alone = replace(relation, confidence=None)
    return fit_confidence_and_threshold(
        {name: read(ner, alone, documents) for name, documents in dev.items()}
    )


def fit_confidence_and_threshold(
    dev: Mapping[str, Sequence[Reading]],
) -> tuple[Confidence, float]:
    """The weights and the threshold that suit readings of development documents by kind of text,
    which have not been weighed."""
    confidence = fit_confidence(chain.from_iterable(dev.values()))
    surer = {name: weighed(part, confidence) for name, part in dev.items()}
    return confidence, choose_threshold(surer)


def choose_threshold(dev: Mapping[str, Sequence[Reading]]) -> float:
    """The probability at which the mean end-to-end F1 of the kinds of text is about greatest.

    Args:
        dev: readings of development documents by kind.
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
