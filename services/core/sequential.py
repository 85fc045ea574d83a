"""Looking again and again without crying wolf: the Poisson maximised sequential probability ratio
test (MaxSPRT), with exact critical values for continuous surveillance.

Cases arrive as a Poisson process whose mean μ(t), expected if nothing is wrong, is known. After n
cases against μ the log-likelihood ratio, maximised over all rate ratios above 1, is

    LLR = (μ - n) + n·ln(n / μ) if n > μ, else 0.

A signal is the first moment, up to the horizon μ = T, at which n is at least the minimum number of
cases and LLR reaches the critical value. The critical value makes the probability of any signal by
the horizon exactly α when nothing is wrong, however often one looks.

Source: Kulldorff, Davis, Kolczak, Lewis, Lieu & Platt, Seq Anal 2011;30:58-78.
"""

from __future__ import annotations

import math

import numpy as np
import scipy  # its parts load when first used: most processes use none
from numpy.typing import ArrayLike
from scipy.special import gammaln, lambertw, pdtrc, xlogy

from services.core.estimates import Estimates, Floats, flags
from services.core.signal_contracts import Boundary
from services.core.tables import Counts, Tables

MAXSPRT = "maxsprt"
"""Name of the measure: the LLR of a pair, to be compared with a critical value."""

_PRECISION = 1e-12
_MIN_ALPHA = 1e-9
_MAX_HORIZON = 10_000.0


def log_likelihood_ratio(observed: ArrayLike, expected: ArrayLike) -> Floats:
    """LLR of counts against expectations, any shapes that broadcast.

    0 where no more was observed than expected; +inf where cases were observed and none expected.

    Raises:
        ValueError: a number is negative or not finite.
    """
    n, mu = np.broadcast_arrays(
        np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    )
    if not (np.isfinite(n) & (n >= 0) & np.isfinite(mu) & (mu >= 0)).all():
        raise ValueError("observed and expected are finite and not negative")
    excess = n > mu
    ratio = np.divide(n, mu, out=np.full(n.shape, np.inf), where=mu > 0)
    llr: Floats = np.where(excess, mu - n + xlogy(n, np.where(excess, ratio, 1.0)), 0.0)
    return llr


def maxsprt(tables: Tables) -> Estimates:
    """LLR of pairs against E = n1.·n.1 / n.., shape [n]; see `surveillance_ratio`."""
    return surveillance_ratio(tables.n11, tables.expected())


def surveillance_ratio(observed: Counts, expected: Floats) -> Estimates:
    """LLR of observed counts against any expected ones as a measure without limits, shape [n].

    A condition "at least the critical value" makes it the sequential boundary of a rule. The
    critical value is exact where the expectation is known beforehand; one that is estimated from
    the same cases makes the test conservative for pairs that dominate their drug or event. Cases
    without any expectation are INFINITE, all others DEFINED.
    """
    llr = log_likelihood_ratio(observed, expected)
    finite = np.isfinite(llr)
    return Estimates(
        name=MAXSPRT,
        estimate=llr,
        lower=None,
        upper=None,
        flag=flags(len(llr), defined=finite, infinite=~finite),
        known=finite,
    )


def signalling_expectation(cases: ArrayLike, critical_value: float) -> Floats:
    """The greatest μ against which so many cases still make a signal, the shape of `cases`.

    It solves LLR(n, μ) = critical value below n: μ = -n·W(-exp(-1 - cv/n)), W the principal branch
    of Lambert's function.
    """
    n = np.asarray(cases, dtype=np.float64)
    greatest: Floats = -n * lambertw(-np.exp(-1.0 - critical_value / n)).real
    return greatest


def false_alarm_probability(
    critical_value: float, *, horizon: float, minimum_cases: int = 1
) -> float:
    """Probability of any signal up to the horizon when nothing is wrong, exactly.

    The n-th case makes a signal if it comes before μ_n = `signalling_expectation(n)`, and μ_n rises
    with n: so it is enough to follow the distribution of the number of cases without a signal
    from each μ_n to the next, dropping what reaches n there.

    Args:
        critical_value: above 0.
        horizon: T, in expected cases.
        minimum_cases: the fewest that make a signal.

    Raises:
        ValueError: an argument is out of range.
    """
    _check(horizon, minimum_cases)
    if not critical_value > 0:
        raise ValueError("the critical value is above 0")
    quiet = np.ones(1)
    n, reached = minimum_cases, 0.0
    while reached < horizon:
        moment = min(float(signalling_expectation(n, critical_value)), horizon)
        arrivals = _poisson(n, moment - reached)
        # Fewer than n cases at that moment: none of the first n came in time to make a signal.
        quiet = np.convolve(quiet, arrivals)[:n]
        reached = moment
        n += 1
    return 1.0 - float(quiet.sum())


def critical_value(*, alpha: float, horizon: float, minimum_cases: int = 1) -> float:
    """The critical value with a false alarm probability of exactly α, to about ten digits.

    Args:
        alpha: in (1e-9, 0.5].
        horizon: T, in expected cases, at most 10,000.
        minimum_cases: the fewest that make a signal, at least 1.

    Raises:
        ValueError: an argument is out of range, or the horizon is so short that the minimum of
            cases alone is rarer than α.
    """
    _check(horizon, minimum_cases)
    if not _MIN_ALPHA < alpha <= 0.5:
        raise ValueError("alpha is in (1e-9, 0.5]")
    if pdtrc(minimum_cases - 1, horizon) <= alpha:
        raise ValueError(
            f"no critical value: {minimum_cases} cases against {horizon} expected "
            f"are rarer than alpha = {alpha}"
        )

    def excess(value: float) -> float:
        found = false_alarm_probability(value, horizon=horizon, minimum_cases=minimum_cases)
        return found - alpha

    # Just above 0 a signal is likelier than ½: the minimum of cases suffices by its expectation.
    low, high = 1e-6, 2.0
    while excess(high) > 0:
        low, high = high, 2.0 * high
    return float(
        scipy.optimize.brentq(excess, low, high, xtol=_PRECISION, rtol=4 * np.finfo(np.float64).eps)
    )


def boundary(*, alpha: float, pairs: int, horizon: float, minimum_cases: int = 1) -> Boundary:
    """The boundary that bounds false alarms over a family of pairs (Bonferroni).

    Args:
        alpha: probability of any false alarm in the family by the horizon, at most.
        pairs: size of the family: each pair is tested at alpha / pairs.
        horizon: T, the greatest expectation of a pair, in cases.
        minimum_cases: the fewest that make a signal.

    Raises:
        ValueError: as `critical_value`, or `pairs` is below 1.
    """
    if pairs < 1:
        raise ValueError("pairs is at least 1")
    value = critical_value(alpha=alpha / pairs, horizon=horizon, minimum_cases=minimum_cases)
    return Boundary(
        alpha=alpha,
        pairs=pairs,
        horizon=horizon,
        minimum_cases=minimum_cases,
        critical_value=value,
    )


def _poisson(size: int, mean: float) -> Floats:
    """Probabilities of 0 to size - 1 cases, without those that are too small to matter."""
    # Less than 1e-30 lies sixty cases and twelve deviations above the mean: keeping it would make
    # the work of a long horizon grow with its cube instead of its square.
    size = min(size, math.ceil(mean + 12.0 * math.sqrt(mean) + 60.0))
    k = np.arange(size, dtype=np.float64)
    probabilities: Floats = np.exp(xlogy(k, mean) - mean - gammaln(k + 1.0))
    return probabilities


def _check(horizon: float, minimum_cases: int) -> None:
    if not 0.0 < horizon <= _MAX_HORIZON:
        raise ValueError(f"the horizon is in (0, {_MAX_HORIZON:.0f}]")
    if minimum_cases < 1:
        raise ValueError("minimum_cases is at least 1")
