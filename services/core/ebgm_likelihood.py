"""The likelihood of EBGM's hyperparameters, on pairs with at least one case.

A pair enters with its truncated likelihood P·f1(n)/(1 - f1(0)) + (1 - P)·f2(n)/(1 - f2(0)), f_i the
negative binomial of component i: pairs that never occurred are neither stored nor counted here.

Sources: DuMouchel, Am Stat 1999;53:177-190; DuMouchel & Pregibon, KDD 2001:67-76 (truncation,
data squashing), in the form of Canida & Ihrie, R Journal 2017;9(2):499-519 (openEBGM).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln, logit, psi

from services.core.ebgm import Prior
from services.core.estimates import Floats
from services.core.tables import Counts, counts, refuse

POINTS_PER_COUNT = 500
"""Into how many weighted points squashing turns the pairs of one count."""


@dataclass(frozen=True, slots=True)
class Points:
    """Pairs, or weighted groups of pairs with one count; arrays of shape [m].

    Attributes:
        n: cases, at least 1.
        expected: E, above 0.
        weight: how many pairs a point stands for.
    """

    n: Counts
    expected: Floats
    weight: Floats


def points_of(observed: Counts, expected: Floats) -> Points:
    """Pairs as points of weight 1; pairs without a case are left out.

    Raises:
        ValueError: a pair with cases has no expectation, or no pair has a case.
    """
    observed = counts("observed", observed)
    expected = np.asarray(expected, dtype=np.float64)
    if observed.shape != expected.shape:
        raise ValueError("observed and expected differ in length")
    seen = observed > 0
    if not seen.any():
        raise ValueError("no pair has a case")
    refuse(seen & ~(np.isfinite(expected) & (expected > 0)), "expected is not above 0 and finite")
    return Points(observed[seen], expected[seen], np.ones(int(seen.sum())))


def squash(points: Points, *, per_count: int = POINTS_PER_COUNT) -> Points:
    """Fewer points with nearly the same likelihood.

    Pairs of one count are sorted by E and cut into at most `per_count` groups of equal size; each
    becomes a point at the mean E of the group.
    """
    order = np.lexsort((points.expected, points.n))
    n, expected, weight = points.n[order], points.expected[order], points.weight[order]
    _, start, position, size = np.unique(
        n, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.arange(len(n)) - start[position]
    of_count = size[position]
    group = np.where(of_count > per_count, rank * per_count // of_count, rank)
    first = np.flatnonzero(np.r_[True, (np.diff(n) != 0) | (np.diff(group) != 0)])
    total = np.add.reduceat(weight, first)
    return Points(n[first], np.add.reduceat(weight * expected, first) / total, total)


def log_likelihood(points: Points, prior: Prior) -> float:
    """Of all points under a prior."""
    value, _ = negative(packed(prior), points, Distinct(points.n))
    return -float(value)


def gradient(points: Points, prior: Prior) -> Floats:
    """Derivatives of `log_likelihood` by α1, β1, α2, β2 and P."""
    _, by_theta = negative(packed(prior), points, Distinct(points.n))
    weight = prior.weight
    scales = (prior.alpha1, prior.beta1, prior.alpha2, prior.beta2, weight * (1.0 - weight))
    by_parameter: Floats = -by_theta / np.array(scales)
    return by_parameter


class Distinct:
    """The distinct counts: functions of the count alone are computed once for each."""

    def __init__(self, n: Counts) -> None:
        self.values, self.position = np.unique(n, return_inverse=True)
        self.log_factorial = gammaln(self.values + 1.0)[self.position]


def packed(prior: Prior) -> Floats:
    """Hyperparameters on the whole line: logarithms, and the logit of the weight."""
    shapes = np.log([prior.alpha1, prior.beta1, prior.alpha2, prior.beta2])
    return np.append(shapes, logit(prior.weight))


def unpacked(theta: Floats) -> Prior:
    alpha1, beta1, alpha2, beta2 = (float(value) for value in np.exp(theta[:4]))
    weight = float(expit(theta[4]))
    if alpha1 / beta1 < alpha2 / beta2:
        alpha1, beta1, alpha2, beta2, weight = alpha2, beta2, alpha1, beta1, 1.0 - weight
    return Prior(alpha1=alpha1, beta1=beta1, alpha2=alpha2, beta2=beta2, weight=weight)


def negative(theta: Floats, points: Points, distinct: Distinct) -> tuple[float, Floats]:
    """Minus the log-likelihood and its gradient by `theta`."""
    alpha1, beta1, alpha2, beta2 = np.exp(theta[:4])
    log1, by_alpha1, by_beta1 = _component(points, distinct, alpha1, beta1)
    log2, by_alpha2, by_beta2 = _component(points, distinct, alpha2, beta2)
    weighted1 = log1 - np.logaddexp(0.0, -theta[4])
    weighted2 = log2 - np.logaddexp(0.0, theta[4])
    log_mixture = np.logaddexp(weighted1, weighted2)
    share1 = points.weight * np.exp(weighted1 - log_mixture)
    share2 = points.weight * np.exp(weighted2 - log_mixture)
    weight = expit(theta[4])
    gradient = np.array(
        [
            alpha1 * (share1 * by_alpha1).sum(),
            beta1 * (share1 * by_beta1).sum(),
            alpha2 * (share2 * by_alpha2).sum(),
            beta2 * (share2 * by_beta2).sum(),
            share1.sum() * (1.0 - weight) - share2.sum() * weight,
        ]
    )
    # Not `dot`: its threads wait for each other where cores are few and busy.
    return -float((points.weight * log_mixture).sum()), -gradient


def _component(
    points: Points, distinct: Distinct, alpha: float, beta: float
) -> tuple[Floats, Floats, Floats]:
    """ln of the truncated negative binomial, and its derivatives by shape and rate."""
    n, expected = points.n, points.expected
    shape = distinct.values + alpha
    log_shrink = -np.log1p(expected / beta)
    log_none = alpha * log_shrink
    value = (gammaln(shape) - gammaln(alpha))[distinct.position] - distinct.log_factorial
    value += log_none + n * (np.log(expected) - np.log(beta + expected))
    value -= np.log(-np.expm1(log_none))
    # d ln(1 - f(0)) = d ln f(0) · -f(0)/(1 - f(0)) = d ln f(0) / -expm1(-ln f(0)).
    with np.errstate(over="ignore"):
        truncation = 1.0 / np.expm1(-log_none)
    by_alpha = (psi(shape) - psi(alpha))[distinct.position] + log_shrink * (1.0 + truncation)
    none_by_beta = alpha * expected / (beta * (beta + expected))
    by_beta = none_by_beta * (1.0 + truncation) - n / (beta + expected)
    return value, by_alpha, by_beta
