"""A pair over calendar time: its measures to date, and whether its cases rose suddenly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlogy

from services.core.estimates import Floats
from services.core.tables import Counts, Tables, counts, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """The likeliest moment at which the rate of a pair rose.

    Attributes:
        period: the first period of the higher rate.
        rate_ratio: rate from there on over the rate before; None if there was no case before.
        log_likelihood_ratio: of a rise there against none.
        p_value: probability of a ratio as high at any moment if the rate never changed, exactly,
            given the number of cases.
    """

    period: int
    rate_ratio: float | None
    log_likelihood_ratio: float
    p_value: float


def to_date(periods: Tables) -> Tables:
    """One pair's tables of consecutive periods, added up from the first to each.

    Every measure of these is a series over calendar time, with its limits.
    """
    return Tables.of(
        np.cumsum(periods.n11),
        np.cumsum(periods.drug),
        np.cumsum(periods.event),
        np.cumsum(periods.total),
    )


def sudden_rise(cases: Counts, expected: Floats) -> Rise | None:
    """Look for one rise among consecutive periods.

    Cases of period t are Poisson with mean r·E_t; the alternative is a greater r from some period
    on. For every possible moment the likelihood ratio, conditional on the number of cases, is
    maximised; the p-value accounts for having looked at all of them by following the distribution
    of the cases to date from period to period.

    Args:
        cases: of each period, shape [t], at least two.
        expected: E of each period, or its exposure in any unit, shape [t], above 0.

    Returns:
        None if no moment has a higher rate after it than before it.

    Raises:
        ValueError: fewer than two periods, or a number out of range.

    Source: the one-sided maximum likelihood ratio of a changepoint (Worsley, Biometrika
    1986;73:91-104), its null distribution by recursion over the periods.
    """
    cases = counts("cases", cases)
    expected = np.asarray(expected, dtype=np.float64)
    if cases.shape != expected.shape or len(cases) < 2:
        raise ValueError("cases and expected differ in length, or have fewer than two periods")
    refuse(~(np.isfinite(expected) & (expected > 0)), "expected is not above 0 and finite")
    total = int(cases.sum())
    if total == 0:
        return None
    share = np.cumsum(expected)[:-1] / expected.sum()
    before = np.cumsum(cases)[:-1]
    ratios = _rise(before, total, share)
    best = int(np.argmax(ratios))
    if ratios[best] <= 0:
        return None
    rate_before = before[best] / share[best]
    rate_after = (total - before[best]) / (1.0 - share[best])
    return Rise(
        period=best + 1,
        rate_ratio=float(rate_after / rate_before) if before[best] else None,
        log_likelihood_ratio=float(ratios[best]),
        p_value=_p_value(float(ratios[best]), total, share),
    )


def _rise(before: Counts, total: int, share: Floats) -> Floats:
    """Log-likelihood ratio of a rise when `before` of `total` cases fell into `share` of time."""
    after = total - before
    llr = xlogy(before, before / (total * share)) + xlogy(after, after / (total * (1.0 - share)))
    risen: Floats = np.where(before < total * share, llr, 0.0)
    return risen


def _p_value(observed: float, total: int, share: Floats) -> float:
    """Probability that the ratio reaches `observed` at any moment, given `total` cases."""
    possible = np.arange(total + 1)
    # Cases to date as a Poisson process conditioned on its end: mean `total` over all periods.
    quiet = np.zeros(total + 1)
    quiet[0] = 1.0
    steps = np.diff(share, prepend=0.0, append=1.0) * total
    for moment, mean in enumerate(steps):
        arrivals = np.exp(xlogy(possible, mean) - mean - gammaln(possible + 1.0))
        quiet = np.convolve(quiet, arrivals)[: total + 1]
        if moment < len(share):
            reached = _rise(possible, total, share[moment]) >= observed * (1.0 - 1e-12)
            quiet[reached] = 0.0
    end = np.exp(xlogy(total, total) - total - gammaln(total + 1.0))
    return float(np.clip(1.0 - quiet[total] / end, 0.0, 1.0))
