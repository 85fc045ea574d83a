"""Bootstrap confidence intervals of F1 by document, seeded and vectorised.

Documents are drawn with replacement; a draw counts each document some number of times, so that
all draws together are one product of a matrix of multiplicities with the counts per document
(Efron & Tibshirani 1993, percentile interval).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.evaluate.metrics import Score

Array = NDArray[np.float64]

DRAWS = 1000
_DRAWS_AT_ONCE = 100
"""Bounds the memory: draws times documents."""


class Interval(NamedTuple):
    """A percentile interval."""

    low: float
    high: float

    def as_json(self) -> list[float]:
        """Both ends, rounded."""
        return [round(self.low, 4), round(self.high, 4)]


def counts(scores: Sequence[Score]) -> Array:
    """True positives, predicted, gold, found per document, shape [documents, 4]."""
    rows = [
        (
            score.true_positives,
            score.predicted,
            score.gold,
            score.true_positives if score.found is None else score.found,
        )
        for score in scores
    ]
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), 4)


def f1(totals: Array) -> Array:
    """F1 of summed counts, shape [..., 4] to [...]; 0 where nothing is right."""
    right, predicted, gold, found = np.moveaxis(totals, -1, 0)
    precision = np.divide(right, predicted, out=np.zeros_like(right), where=predicted > 0)
    recall = np.divide(found, gold, out=np.zeros_like(right), where=gold > 0)
    both = precision + recall
    product: Array = np.divide(
        2 * precision * recall, both, out=np.zeros_like(both), where=both > 0
    )
    return product


def macro_f1(totals: Array) -> Array:
    """Mean F1 over types, shape [..., types, 4] to [...]."""
    mean: Array = f1(totals).mean(axis=-1)
    return mean


def interval(
    per_document: Array,
    statistic: Callable[[Array], Array],
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = 0.95,
) -> Interval:
    """The percentile interval of a statistic of summed counts.

    Args:
        per_document: counts, shape [documents, ...].
        statistic: sums of shape [draws, ...] to values of shape [draws].
        seed: the same seed gives the same interval.
        draws: number of bootstrap samples.
        level: probability between both ends.

    Returns:
        (0, 0) without documents.
    """
    documents = len(per_document)
    if documents == 0:
        return Interval(0.0, 0.0)
    rng = np.random.default_rng(seed)
    flat = per_document.reshape(documents, -1)
    even = np.full(documents, 1 / documents)
    values = []
    for start in range(0, draws, _DRAWS_AT_ONCE):
        times = rng.multinomial(documents, even, size=min(_DRAWS_AT_ONCE, draws - start))
        totals = (times @ flat).reshape(len(times), *per_document.shape[1:])
        values.append(statistic(totals))
    low, high = np.quantile(np.concatenate(values), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
