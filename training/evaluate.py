"""Measures both models on documents: mentions, relations on gold mentions, and end to end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.core.bio import Decoded
from services.core.contracts import MentionType
from services.core.ports import TokenEncoder
from services.core.spans import Span
from training.corpora.documents import Document
from training.metrics import Score, lenient, mention_scores, strict, summary
from training.models.relation import CAUSED
from training.pairs import Pair, candidate_pairs
from training.predict import Runner, predict_mentions, run_rows, typed

EQUALLY_GOOD = 0.005
"""Differences of F1 on dev that are noise."""

SpanPair = tuple[Span, Span]


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked: its graph or torch module, and its tokenizer."""

    run: Runner
    encoder: TokenEncoder


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """A candidate pair with the probability of *caused*."""

    pair: Pair
    probability: float

    @property
    def spans(self) -> SpanPair:
        """(drug, event)."""
        return self.pair.drug, self.pair.event


@dataclass(frozen=True, slots=True)
class Reading:
    """What the models make of one document.

    Attributes:
        document: the document.
        mentions: found by NER.
        on_gold: candidate pairs of gold mentions.
        end_to_end: candidate pairs of the mentions found.
    """

    document: Document
    mentions: list[Decoded]
    on_gold: list[ScoredPair]
    end_to_end: list[ScoredPair]


def read(ner: Model, relation: Model, documents: Sequence[Document]) -> list[Reading]:
    """Run both models over documents as serving does."""
    found = predict_mentions(ner.run, ner.encoder, documents)
    gold = [_candidates(document, document.spans()) for document in documents]
    predicted = [
        _candidates(document, typed(mentions))
        for document, mentions in zip(documents, found, strict=True)
    ]
    flat = [pair for pairs in (*gold, *predicted) for pair in pairs]
    encodings = relation.encoder.encode([pair.marked for pair in flat])
    answers = iter(run_rows(relation.run, [encoding.ids for encoding in encodings]))
    scored = [
        [ScoredPair(pair, float(next(answers)[CAUSED])) for pair in pairs]
        for pairs in (*gold, *predicted)
    ]
    return [
        Reading(document, mentions, scored[index], scored[len(documents) + index])
        for index, (document, mentions) in enumerate(zip(documents, found, strict=True))
    ]


def report(readings: Sequence[Reading], *, threshold: float) -> dict[str, object]:
    """All figures of one corpus, as JSON.

    Relations count as (drug span, event span) of any status. Gold relations beyond the reach of
    a window count as missed.
    """
    mentions = [(reading.document.spans(), typed(reading.mentions)) for reading in readings]
    return {
        "documents": len(readings),
        "ner_strict": summary(mention_scores(mentions)),
        "ner_lenient": summary(mention_scores(mentions, lenient)),
        "relations_on_gold_mentions": _total(
            strict(reading.document.pairs(), _chosen(reading.on_gold, threshold))
            for reading in readings
        ).as_json(),
        "end_to_end_strict": end_to_end(readings, threshold=threshold).as_json(),
        "end_to_end_lenient": _total(
            _lenient_pairs(reading.document.pairs(), _chosen(reading.end_to_end, threshold))
            for reading in readings
        ).as_json(),
        "document_level_names": _total(
            strict(
                _names(reading.document, reading.document.pairs()),
                _names(reading.document, _chosen(reading.end_to_end, threshold)),
            )
            for reading in readings
        ).as_json(),
    }


def end_to_end(readings: Iterable[Reading], *, threshold: float) -> Score:
    """Strict: both spans exactly right and related."""
    return _total(
        strict(reading.document.pairs(), _chosen(reading.end_to_end, threshold))
        for reading in readings
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


def _candidates(document: Document, mentions: Iterable[tuple[MentionType, Span]]) -> list[Pair]:
    spans: dict[MentionType, list[Span]] = {type_: [] for type_ in MentionType}
    for type_, span in mentions:
        spans[type_].append(span)
    return candidate_pairs(
        document, spans[MentionType.DRUG], spans[MentionType.ADE], gold_too=False
    )


def _chosen(pairs: Iterable[ScoredPair], threshold: float) -> set[SpanPair]:
    return {pair.spans for pair in pairs if pair.probability >= threshold}


def _names(document: Document, pairs: Iterable[SpanPair]) -> set[tuple[str, str]]:
    text = document.text.lower()
    return {(text[d.start : d.end], text[e.start : e.end]) for d, e in pairs}


def _lenient_pairs(gold: set[SpanPair], predicted: set[SpanPair]) -> Score:
    def matches(one: SpanPair, other: SpanPair) -> bool:
        return one[0].overlaps(other[0]) and one[1].overlaps(other[1])

    right = sum(any(matches(pair, other) for other in gold) for pair in predicted)
    found = sum(any(matches(pair, other) for other in predicted) for pair in gold)
    return Score(right, len(predicted), len(gold), found)


def _total(scores: Iterable[Score]) -> Score:
    return sum(scores, Score())
