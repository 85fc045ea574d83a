"""Empirical Bayes geometric mean with its credibility limits: EBGM, EB05, EB95.

The rate ratio λ of a pair has the prior P·Gamma(α1, β1) + (1 - P)·Gamma(α2, β2), shape and rate,
and its n cases are Poisson(λ·E). The posterior is again a mixture of two gammas:

    Q·Gamma(α1 + n, β1 + E) + (1 - Q)·Gamma(α2 + n, β2 + E),
    Q = P·f1(n) / (P·f1(n) + (1 - P)·f2(n)), f_i the negative binomial of component i.

EBGM = exp(E[ln λ]); EB05 and EB95 are the posterior's quantiles. Nothing here is undefined: without
cases (n = 0) or expectation (E = 0) the posterior leans on the prior.

Source: DuMouchel, Am Stat 1999;53:177-190. The prior comes from `services.core.ebgm_fit`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy  # its parts load when first used: most processes use none
from numpy.typing import NDArray
from scipy.special import expit, gammainc, gammaincinv, gammaln, psi

from services.core.estimates import DEFINED, Bools, Estimates, Floats, checked_level
from services.core.tables import Counts, Tables, counts, refuse

EBGM = "ebgm"
"""Name of the measure."""

LEVEL = 0.90
CDF_TOLERANCE = 1e-9
"""How far the posterior's cdf at a limit may be from its probability."""

_MAX_ITERATIONS = 200
_NODES = 256
_MIN_INTERPOLATED = 2 * _NODES
"""How many pairs must share a count to be worth the nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Hyperparameters: shapes and rates of the two gammas, and the weight P of the first."""

    alpha1: float
    beta1: float
    alpha2: float
    beta2: float
    weight: float

    def __post_init__(self) -> None:
        shapes_and_rates = (self.alpha1, self.beta1, self.alpha2, self.beta2)
        if not all(0.0 < number < math.inf for number in shapes_and_rates):
            raise ValueError("shapes and rates of a prior are finite and above 0")
        if not 0.0 <= self.weight <= 1.0:
            raise ValueError("the weight of a prior is in 0..1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Posterior of n pairs.

    Attributes:
        prior: what it was made from.
        expected: E of each pair, shape [n].
        first: Q, the weight of the first component, shape [n].
        rate1, rate2: β_i + E, shape [n].
        count: position of each pair's count among the distinct ones, shape [n].
        distinct: the distinct counts. shape1, shape2: α_i + n of each.
    """

    prior: Prior
    expected: Floats
    first: Floats
    rate1: Floats
    rate2: Floats
    count: NDArray[np.intp]
    distinct: Counts
    shape1: Floats
    shape2: Floats


def ebgm(tables: Tables, prior: Prior, *, level: float = LEVEL) -> Estimates:
    """EBGM of pairs against E = n1.·n.1 / n..; see `shrunk_ratio`."""
    return shrunk_ratio(tables.n11, tables.expected(), prior, level=level)


def shrunk_ratio(
    observed: Counts, expected: Floats, prior: Prior, *, level: float = LEVEL
) -> Estimates:
    """EBGM of observed counts against any expected ones, with limits that cover `level`.

    Args:
        observed: cases, shape [n]. expected: E, for example summed over strata, shape [n].
        prior: hyperparameters fitted to the whole table.
        level: 0.90 gives EB05 and EB95.

    Returns:
        Shape [n], all DEFINED.

    Raises:
        ValueError: a number is negative or not finite, or `level` is not between 0 and 1.
    """
    observed = counts("observed", observed)
    expected = np.asarray(expected, dtype=np.float64)
    if observed.shape != expected.shape:
        raise ValueError("observed and expected differ in length")
    refuse(~(np.isfinite(expected) & (expected >= 0)), "expected is negative or not finite")
    posterior = posterior_of(observed, expected, prior)
    tail = (1.0 - checked_level(level)) / 2
    return Estimates(
        name=EBGM,
        estimate=geometric_mean(posterior),
        lower=quantile(posterior, tail),
        upper=quantile(posterior, 1.0 - tail),
        flag=np.full(observed.shape, DEFINED),
        known=np.ones(observed.shape, dtype=np.bool_),
    )


def posterior_of(observed: Counts, expected: Floats, prior: Prior) -> Posterior:
    """The posterior of each pair."""
    distinct, count = np.unique(observed, return_inverse=True)
    of_distinct = distinct.astype(np.float64)
    shape1, shape2 = prior.alpha1 + of_distinct, prior.alpha2 + of_distinct
    rate1, rate2 = prior.beta1 + expected, prior.beta2 + expected
    # ln f1(n) - ln f2(n): what depends on the count alone is computed once for each count.
    of_count = gammaln(shape1) - gammaln(prior.alpha1) - gammaln(shape2) + gammaln(prior.alpha2)
    log_odds = of_count[count]
    log_odds += prior.alpha1 * (np.log(prior.beta1) - np.log(rate1))
    log_odds -= prior.alpha2 * (np.log(prior.beta2) - np.log(rate2))
    log_odds += observed * (np.log(rate2) - np.log(rate1))
    if 0.0 < prior.weight < 1.0:
        first = expit(log_odds + math.log(prior.weight) - math.log1p(-prior.weight))
    else:
        first = np.full(observed.shape, prior.weight)
    return Posterior(
        prior=prior,
        expected=expected,
        first=first,
        rate1=rate1,
        rate2=rate2,
        count=count,
        distinct=distinct,
        shape1=shape1,
        shape2=shape2,
    )


def geometric_mean(posterior: Posterior) -> Floats:
    """exp(E[ln λ]), shape [n]."""
    mean1 = psi(posterior.shape1)[posterior.count] - np.log(posterior.rate1)
    mean2 = psi(posterior.shape2)[posterior.count] - np.log(posterior.rate2)
    mean: Floats = np.exp(posterior.first * mean1 + (1.0 - posterior.first) * mean2)
    return mean


def cdf(posterior: Posterior, ratio: Floats) -> Floats:
    """Posterior probability that λ is at most `ratio`, shape [n]."""
    of1 = gammainc(posterior.shape1[posterior.count], posterior.rate1 * ratio)
    of2 = gammainc(posterior.shape2[posterior.count], posterior.rate2 * ratio)
    probability: Floats = posterior.first * of1 + (1.0 - posterior.first) * of2
    return probability


def quantile(posterior: Posterior, probability: float) -> Floats:
    """λ at which the posterior's cdf is `probability` (within `CDF_TOLERANCE`), shape [n].

    For one count the quantile is a smooth function of E. Where many pairs share a count it is
    solved at some hundred values of E and interpolated; every pair is then checked, and solved by
    itself where that was not enough.
    """
    start = _between_components(posterior, probability)
    order = np.argsort(posterior.count, kind="stable")
    ends = np.cumsum(np.bincount(posterior.count, minlength=len(posterior.shape1)))
    for index, size in enumerate(np.diff(ends, prepend=0)):
        if size > _MIN_INTERPOLATED:
            members = order[ends[index] - size : ends[index]]
            start[members] = _interpolated(posterior, index, members, probability)
    return _solved(posterior, start, probability)


def _interpolated(
    posterior: Posterior, index: int, members: NDArray[np.intp], probability: float
) -> Floats:
    """ln λ of pairs that share a count, from the exact ones at `_NODES` values of E."""
    prior = posterior.prior
    least = min(prior.beta1, prior.beta2)
    place = np.log(least + posterior.expected[members])
    nodes = np.linspace(place.min(), place.max() + 1e-9, _NODES)
    cases = np.full(_NODES, posterior.distinct[index])
    of_nodes = posterior_of(cases, np.maximum(np.exp(nodes) - least, 0.0), prior)
    start = _between_components(of_nodes, probability)
    exact = np.log(_solved(of_nodes, start, probability))
    return np.asarray(scipy.interpolate.CubicSpline(nodes, exact)(place), dtype=np.float64)


def _between_components(posterior: Posterior, probability: float) -> Floats:
    """A first guess of ln λ, between the quantiles of the two components."""
    at1, at2 = _of_components(posterior, probability)
    guess: Floats = posterior.first * at1 + (1.0 - posterior.first) * at2
    return guess


def _of_components(posterior: Posterior, probability: float) -> tuple[Floats, Floats]:
    """ln of the quantiles of both components; that of the mixture lies between them."""
    # A component without mass there may have its quantile at 0.
    tiny = np.finfo(np.float64).tiny
    unit1 = np.log(np.maximum(gammaincinv(posterior.shape1, probability), tiny))
    unit2 = np.log(np.maximum(gammaincinv(posterior.shape2, probability), tiny))
    count = posterior.count
    return unit1[count] - np.log(posterior.rate1), unit2[count] - np.log(posterior.rate2)


def _solved(posterior: Posterior, start: Floats, probability: float) -> Floats:
    """Newton's method on ln λ, kept between the quantiles of the two components.

    Pairs leave the iteration as they converge.
    """
    at1, at2 = _of_components(posterior, probability)
    lower, upper = np.minimum(at1, at2), np.maximum(at1, at2)
    position = np.clip(start, lower, upper)
    active = np.arange(len(start))
    part = posterior
    log_norm1, log_norm2 = gammaln(posterior.shape1), gammaln(posterior.shape2)
    for _ in range(_MAX_ITERATIONS):
        here = position[active]
        ratio = np.exp(here)
        excess = cdf(part, ratio) - probability
        high = excess > 0
        upper[active] = np.where(high, here, upper[active])
        lower[active] = np.where(high, lower[active], here)
        width = upper[active] - lower[active]
        open_ = (np.abs(excess) > CDF_TOLERANCE) & (width > 4e-16 * np.abs(here))
        if not open_.any():
            break
        active, excess, here, ratio = active[open_], excess[open_], here[open_], ratio[open_]
        part = _take(part, open_)
        slope = ratio * _density(part, ratio, log_norm1, log_norm2)
        step = np.divide(excess, slope, out=np.full(len(active), np.inf), where=slope > 0)
        newton = here - step
        inside = (newton > lower[active]) & (newton < upper[active])
        position[active] = np.where(inside, newton, (lower[active] + upper[active]) / 2)
    found: Floats = np.exp(position)
    return found


def _density(part: Posterior, ratio: Floats, log_norm1: Floats, log_norm2: Floats) -> Floats:
    log_ratio = np.log(ratio)
    shape1, shape2 = part.shape1[part.count], part.shape2[part.count]
    log1 = shape1 * np.log(part.rate1) + (shape1 - 1) * log_ratio - part.rate1 * ratio
    log2 = shape2 * np.log(part.rate2) + (shape2 - 1) * log_ratio - part.rate2 * ratio
    of1 = np.exp(log1 - log_norm1[part.count])
    of2 = np.exp(log2 - log_norm2[part.count])
    density: Floats = part.first * of1 + (1.0 - part.first) * of2
    return density


def _take(posterior: Posterior, which: Bools) -> Posterior:
    return replace(
        posterior,
        expected=posterior.expected[which],
        first=posterior.first[which],
        rate1=posterior.rate1[which],
        rate2=posterior.rate2[which],
        count=posterior.count[which],
    )
