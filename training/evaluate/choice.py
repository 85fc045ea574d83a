"""Which of several pairs of models serves, by their development documents (decision 26).

Weights and threshold of a pair are fitted on four fifths of the documents and measured on the
fifth, so that no pair is praised for what was fitted to it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from training.errors import TrainingError
from training.evaluate.bootstrap import Interval, counts, f1, interval
from training.evaluate.confidence import weighed
from training.evaluate.metrics import Score, strict
from training.evaluate.pair_metrics import chosen, overlapping
from training.evaluate.scoring import Reading
from training.evaluate.status_figures import counted_pairs
from training.evaluate.tagger import EQUALLY_GOOD, fit_confidence_and_threshold

FOLDS = 5

ReadingsByKind = Mapping[str, Sequence[Reading]]
"""Readings of development documents by kind of text, not weighed."""


@dataclass(slots=True)
class KindScores:
    """Scores of one kind of text, one per document, in an order that depends on documents only.

    Attributes:
        strict: both spans exactly right; `overlapping` likewise.
        counted: of relations that would be counted; documents with statuses only.
        without_relation: number of documents without any.
        alarms: those of them for which one is claimed.
    """

    strict: list[Score] = field(default_factory=list)
    overlapping: list[Score] = field(default_factory=list)
    counted: list[Score] = field(default_factory=list)
    without_relation: int = 0
    alarms: int = 0

    def add(self, readings: Sequence[Reading], threshold: float) -> None:
        """Score weighed readings."""
        for one in readings:
            gold, said = one.document.pairs(), chosen(one.end_to_end, threshold)
            self.strict.append(strict(gold, said))
            self.overlapping.append(overlapping(gold, said))
            self.without_relation += not gold
            self.alarms += bool(said) and not gold
        self.counted += counted_pairs(readings, threshold=threshold) or []

    def as_json(self) -> dict[str, object]:
        """Totals."""
        totals: dict[str, object] = {
            "documents": len(self.strict),
            "strict": sum(self.strict, Score()).as_json(),
            "overlapping": sum(self.overlapping, Score()).as_json(),
            "documents_without_relation": self.without_relation,
            "with_a_false_relation": self.alarms,
        }
        if self.counted:
            totals["counted_pairs"] = sum(self.counted, Score()).as_json()
        return totals


ScoresByKind = Mapping[str, KindScores]
"""Scores of one pair of models by kind of text."""


def cross_fitted(kinds: ReadingsByKind) -> dict[str, KindScores]:
    """Scores of every document under weights and a threshold fitted without its fold.

    Notes of one patient are in one fold.
    """
    scores = {kind: KindScores() for kind in kinds}
    for left_out in range(FOLDS):
        confidence, threshold = fit_confidence_and_threshold(
            {kind: [one for one in some if _fold(one) != left_out] for kind, some in kinds.items()}
        )
        for kind, some in kinds.items():
            measured = [one for one in some if _fold(one) == left_out]
            scores[kind].add(weighed(measured, confidence), threshold)
    return scores


def _fold(reading: Reading) -> int:
    return zlib.crc32(reading.document.group.encode()) % FOLDS


def mean_strict(scores: ScoresByKind) -> float:
    """Mean over the kinds of strict F1: what chooses."""
    return sum(sum(one.strict, Score()).f1 for one in scores.values()) / len(scores)


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate against what serves.

    Attributes:
        gain: of the mean strict F1.
        differences: candidate − serving by kind, of strict and of overlapping F1: 95% interval by
            document, the same documents drawn for both.
    """

    gain: float
    differences: Mapping[str, Mapping[str, Interval]]

    @property
    def worse(self) -> list[str]:
        """Where the candidate is worse beyond chance."""
        return [
            f"{kind}, {measure}"
            for kind, both in self.differences.items()
            for measure, difference in both.items()
            if difference.high < 0
        ]

    @property
    def serves(self) -> bool:
        """Whether the candidate is to serve: better by more than noise, and nowhere worse."""
        return self.gain > EQUALLY_GOOD and not self.worse

    def as_json(self) -> dict[str, object]:
        """Rounded, and what follows."""
        return {
            "gain": round(self.gain, 4),
            "differences": {
                kind: {measure: one.as_json() for measure, one in both.items()}
                for kind, both in self.differences.items()
            },
            "worse": self.worse,
            "serves": self.serves,
        }


def choose(serving: ScoresByKind, candidate: ScoresByKind, *, seed: int) -> Choice:
    """Hold a candidate against what serves.

    Args:
        serving: scores of the same documents.
        candidate: likewise.
        seed: of the bootstrap.

    Raises:
        TrainingError: they are not as many documents of the same kinds.
    """

    def size(scores: ScoresByKind) -> dict[str, int]:
        return {kind: len(one.strict) for kind, one in scores.items()}

    if size(serving) != size(candidate):
        raise TrainingError(f"not the same documents: {size(serving)} and {size(candidate)}")
    return Choice(
        mean_strict(candidate) - mean_strict(serving),
        {
            kind: {
                "strict": _difference(old.strict, candidate[kind].strict, seed),
                "overlapping": _difference(old.overlapping, candidate[kind].overlapping, seed),
            }
            for kind, old in serving.items()
        },
    )


def _difference(old: Sequence[Score], new: Sequence[Score], seed: int) -> Interval:
    both = np.stack([counts(old), counts(new)], axis=1)
    return interval(both, lambda totals: f1(totals[:, 1]) - f1(totals[:, 0]), seed=seed)


def figures(pairs: Mapping[str, ReadingsByKind], *, seed: int) -> dict[str, object]:
    """Figures of every pair, the first of which serves, and of each other whether it is to.

    Args:
        pairs: readings by name of the pair.
        seed: of the bootstrap.
    """
    scores = {name: cross_fitted(kinds) for name, kinds in pairs.items()}
    serving = next(iter(scores.values()))
    return {
        name: {
            "mean_strict_f1": round(mean_strict(one), 4),
            "kinds": {kind: each.as_json() for kind, each in one.items()},
            **({} if one is serving else {"choice": choose(serving, one, seed=seed).as_json()}),
        }
        for name, one in scores.items()
    }
