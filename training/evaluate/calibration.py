"""Calibration: reliability, expected calibration error, temperature (Guo et al., ICML 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

Array = NDArray[np.float64]

_EDGE = 1e-7
"""Probabilities nearer to 0 or 1 are taken as this far away: logits stay finite."""
_LOG_TEMPERATURES = (-3.0, 3.0)
"""Bounds of the fit, natural logarithm: about 1/20 to 20."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose probability lies in [low, high); the last bin includes 1.

    Attributes:
        low: lower end; `high` the upper one.
        count: answers in the bin.
        mean_probability: of these, 0 if there is none; `share_true` likewise.
        share_true: how many of them are in fact true.
    """

    low: float
    high: float
    count: int
    mean_probability: float
    share_true: float


def reliability(probabilities: ArrayLike, truths: ArrayLike, *, bins: int = 10) -> list[Bin]:
    """Bins of equal width.

    Args:
        probabilities: of being true, shape [answers].
        truths: 0 or 1, shape [answers].
        bins: how many.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    y = np.asarray(truths, dtype=np.float64)
    place = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    safe = np.maximum(count, 1)
    means = np.bincount(place, weights=p, minlength=bins) / safe
    shares = np.bincount(place, weights=y, minlength=bins) / safe
    return [
        Bin(index / bins, (index + 1) / bins, int(count[index]), means[index], shares[index])
        for index in range(bins)
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance of probability and share of true answers, weighted by answers."""
    total = sum(one.count for one in bins)
    if total == 0:
        return 0.0
    return float(
        sum(one.count * abs(one.mean_probability - one.share_true) for one in bins) / total
    )


def scaled(probabilities: ArrayLike, temperature: float) -> Array:
    """Probabilities with their logit divided by the temperature.

    Args:
        probabilities: any shape.
        temperature: positive; above 1 flattens.
    """
    p = np.clip(np.asarray(probabilities, dtype=np.float64), _EDGE, 1 - _EDGE)
    answer: Array = 1 / (1 + np.exp(-(np.log(p) - np.log1p(-p)) / temperature))
    return answer


def log_loss(probabilities: ArrayLike, truths: ArrayLike) -> float:
    """Mean negative log-likelihood of binary answers; 0 without answers."""
    p = np.clip(np.asarray(probabilities, dtype=np.float64), _EDGE, 1 - _EDGE)
    y = np.asarray(truths, dtype=np.float64)
    if not len(p):
        return 0.0
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log1p(-p)))


def fit_temperature(probabilities: ArrayLike, truths: ArrayLike) -> float:
    """The temperature of least log-loss; to be fitted on dev and used on test.

    Returns:
        1.0 if there are no answers, or if all are of one kind and say nothing.
    """
    y = np.asarray(truths, dtype=np.float64)
    if len(y) == 0 or y.min() == y.max():
        return 1.0
    found = minimize_scalar(
        lambda logarithm: log_loss(scaled(probabilities, float(np.exp(logarithm))), y),
        bounds=_LOG_TEMPERATURES,
        method="bounded",
    )
    return float(np.exp(found.x))
