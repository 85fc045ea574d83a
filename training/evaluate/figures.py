"""All figures of one corpus from what models read in it, as JSON, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from training.corpora.documents import Document
from training.evaluate.baselines import BASELINES
from training.evaluate.bootstrap import counts, f1, interval, macro_f1
from training.evaluate.metrics import Score, lenient, mention_scores, strict, summary
from training.evaluate.pair_metrics import both_classes, by_name, chosen, overlapping
from training.evaluate.reliability import ANSWERED, reliability_of
from training.evaluate.scoring import PairScorer, Reading, ScoredPair, candidates
from training.evaluate.status_figures import counted_pairs, status_figures
from training.settings import SEED

Figures = dict[str, object]


def report(
    readings: Sequence[Reading], *, threshold: float, seed: int = SEED, baselines: bool = False
) -> Figures:
    """Mentions, relations on gold mentions, and end to end, and how reliable the probabilities are.

    Relations count as (drug span, event span) of any status. Gold relations beyond the reach of
    a window count as missed. Intervals are 95% percentile bootstrap intervals by document.

    Args:
        readings: of all documents of the corpus.
        threshold: least probability of a relation.
        seed: of the bootstrap.
        baselines: also what trivial scorers reach on the same mentions.
    """
    figures: Figures = {
        "documents": len(readings),
        "ner_strict": _mentions(readings, strict, seed),
        "ner_lenient": _mentions(readings, lenient, seed),
        "relations_on_gold_mentions": with_interval(
            [strict(one.document.pairs(), chosen(one.on_gold, threshold)) for one in readings],
            seed,
        ),
        "relations_on_gold_mentions_both_classes": _both(
            [(one.document, one.on_gold) for one in readings], threshold, seed
        ),
    }
    figures |= _end_to_end([(one.document, one.end_to_end) for one in readings], threshold, seed)
    for name, answered in ANSWERED.items():
        figures[name] = reliability_of(readings, answered)
    statuses = status_figures(readings, threshold=threshold)
    if statuses is not None:
        figures["statuses"] = statuses
    counted = counted_pairs(readings, threshold=threshold)
    if counted is not None:
        figures["counted_pairs"] = with_interval(counted, seed)
    if baselines:
        figures["baselines"] = {
            name: _baseline(readings, scorer, seed) for name, scorer in BASELINES.items()
        }
    return figures


def with_interval(scores: Sequence[Score], seed: int) -> dict[str, object]:
    """The total of scores per document, and the interval of its F1."""
    total = sum(scores, Score())
    return {
        **total.as_json(),
        "f1_interval": interval(counts(scores), f1, seed=seed).as_json(),
    }


def false_alarms(
    pairs: Sequence[tuple[Document, Sequence[ScoredPair]]], threshold: float
) -> dict[str, object]:
    """Of the documents without any relation, those for which one is claimed."""
    without = [(document, found) for document, found in pairs if not document.relations]
    wrong = sum(bool(chosen(found, threshold)) for _, found in without)
    share = wrong / len(without) if without else 0.0
    return {"documents": len(without), "with_a_false_relation": wrong, "share": round(share, 4)}


def _mentions(
    readings: Sequence[Reading], score: Callable[..., Score], seed: int
) -> dict[str, object]:
    """Figures of the types that are completely annotated in their document."""
    per_document = [
        mention_scores(
            [
                (
                    [m for m in one.document.spans() if m.type in one.document.complete],
                    [m for m in one.mentions if m.type in one.document.complete],
                )
            ],
            score,
        )
        for one in readings
    ]
    types = sorted({type_ for scores in per_document for type_ in scores})
    totals = {
        type_: sum((scores.get(type_, Score()) for scores in per_document), Score())
        for type_ in types
    }
    figures = summary(totals)
    if types:
        table = np.stack(
            [counts([scores.get(type_, Score()) for scores in per_document]) for type_ in types],
            axis=1,
        )
        micro = interval(table.sum(axis=1), f1, seed=seed)
        figures["micro_f1_interval"] = micro.as_json()
        figures["macro_f1_interval"] = interval(table, macro_f1, seed=seed).as_json()
    return figures


def _both(
    pairs: Sequence[tuple[Document, Sequence[ScoredPair]]], threshold: float, seed: int
) -> dict[str, object]:
    """Relations over all candidate pairs of gold mentions, the unrelated ones a class too."""
    scores = [both_classes(document, chosen(found, threshold)) for document, found in pairs]
    related, unrelated = [one.related for one in scores], [one.unrelated for one in scores]
    table = np.stack([counts(related), counts(unrelated)], axis=1)
    macro = float(macro_f1(table.sum(axis=0)))
    return {
        "related": sum(related, Score()).as_json(),
        "unrelated": sum(unrelated, Score()).as_json(),
        "macro_f1": round(macro, 4),
        "macro_f1_interval": interval(table, macro_f1, seed=seed).as_json(),
    }


def _end_to_end(
    pairs: Sequence[tuple[Document, Sequence[ScoredPair]]], threshold: float, seed: int
) -> Figures:
    gold_and_said = [
        (document, document.pairs(), chosen(found, threshold)) for document, found in pairs
    ]
    return {
        "end_to_end_strict": with_interval([strict(g, s) for _, g, s in gold_and_said], seed),
        "end_to_end_lenient": with_interval([overlapping(g, s) for _, g, s in gold_and_said], seed),
        "document_level_names": with_interval([by_name(*each) for each in gold_and_said], seed),
        "documents_without_relation": false_alarms(pairs, threshold),
    }


def _baseline(readings: Sequence[Reading], scorer: PairScorer, seed: int) -> Figures:
    documents = [one.document for one in readings]
    gold = scorer([candidates(document, document.spans()) for document in documents])
    found = scorer([candidates(one.document, one.mentions) for one in readings])
    end_to_end = _end_to_end(list(zip(documents, found, strict=True)), 0.5, seed)
    return {
        "relations_on_gold_mentions_both_classes": _both(
            list(zip(documents, gold, strict=True)), 0.5, seed
        ),
        **{name: end_to_end[name] for name in ("end_to_end_strict", "end_to_end_lenient")},
    }
