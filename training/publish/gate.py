"""Whether a candidate may serve: not worse than what serves, beyond what chance explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError
from training.evaluate.metrics import Score

RESAMPLES = 2_000
LEVEL = 0.95

Counts = NDArray[np.float64]
"""Per document: true positives, predicted, gold. Shape [documents, 3]."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """End-to-end F1 of two pairs of models on the same documents.

    Attributes:
        documents: how many.
        serving: F1 of what serves.
        candidate: F1 of the candidate.
        lower: lower limit of the 95% interval of candidate − serving; `upper` likewise.
    """

    documents: int
    serving: float
    candidate: float
    lower: float
    upper: float

    @property
    def passes(self) -> bool:
        """Unless the candidate is worse and the whole interval says so."""
        return self.upper >= 0

    def as_json(self) -> dict[str, float | int | bool]:
        """Rounded, for the history and for people."""
        return {
            "documents": self.documents,
            "serving_f1": round(self.serving, 4),
            "candidate_f1": round(self.candidate, 4),
            "difference_lower": round(self.lower, 4),
            "difference_upper": round(self.upper, 4),
            "passes": self.passes,
        }


def compare(
    serving: Sequence[Score], candidate: Sequence[Score], *, seed: int, resamples: int = RESAMPLES
) -> Comparison:
    """Paired bootstrap by document of the difference of micro F1 (Koehn 2004; percentiles).

    A resample draws documents with replacement, the same for both, because what makes a document
    hard makes it hard for both.

    Args:
        serving: one score per document; `candidate` likewise, in the same order.
        seed: the same seed draws the same documents.
        resamples: draws.

    Raises:
        TrainingError: there are no documents, or not the same number.
    """
    if not serving or len(serving) != len(candidate):
        raise TrainingError(
            f"the gate needs the same documents twice: {len(serving)} and {len(candidate)}"
        )
    old, new = _counts(serving), _counts(candidate)
    rng = np.random.default_rng(seed)
    differences = np.empty(resamples)
    for number in range(resamples):
        # How often each document is drawn; one draw at a time keeps memory flat.
        drawn = rng.multinomial(len(serving), np.full(len(serving), 1 / len(serving)))
        differences[number] = _f1(drawn @ new) - _f1(drawn @ old)
    tail = (1 - LEVEL) / 2
    lower, upper = np.quantile(differences, [tail, 1 - tail])
    return Comparison(
        documents=len(serving),
        serving=_f1(old.sum(axis=0)),
        candidate=_f1(new.sum(axis=0)),
        lower=float(lower),
        upper=float(upper),
    )


def verdict(comparisons: Mapping[str, Comparison]) -> str:
    """Why the gate is closed, in one line; empty if it is open. Every corpus must pass."""
    return "; ".join(
        f"{name}: F1 {one.candidate:.4f} against {one.serving:.4f}, "
        f"difference {one.lower:+.4f} to {one.upper:+.4f}"
        for name, one in comparisons.items()
        if not one.passes
    )


def _counts(scores: Sequence[Score]) -> Counts:
    return np.array(
        [(score.true_positives, score.predicted, score.gold) for score in scores],
        dtype=np.float64,
    )


def _f1(counts: Counts) -> float:
    """2·tp / (predicted + gold); 0 where nothing is predicted and nothing is gold."""
    total = counts[1] + counts[2]
    return float(2 * counts[0] / total) if total else 0.0
