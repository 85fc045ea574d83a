"""Expectations and estimates adjusted for strata (sex, age group, calendar period).

Strata are a sequence of `Tables` of the same n pairs, one per stratum, cells of a, b, c, d as in
`services.core.tables`. Results by subgroup are the measures of one stratum's tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.core.estimates import LEVEL, Estimates, Floats, flags, log_normal, ratio_where
from services.core.tables import Tables

PRR_MH, ROR_MH = "prr_mh", "ror_mh"
"""Names of the measures."""


def collapse(strata: Sequence[Tables]) -> Tables:
    """The tables without regard to strata.

    Raises:
        ValueError: there is no stratum, or they differ in length.
    """
    _check(strata)
    return Tables.of(
        sum(stratum.n11 for stratum in strata),
        sum(stratum.drug for stratum in strata),
        sum(stratum.event for stratum in strata),
        sum(stratum.total for stratum in strata),
    )


def expected(strata: Sequence[Tables]) -> Floats:
    """E adjusted for strata, Σ n1.·n.1 / n.. over the strata, shape [n].

    For `information_component` and `shrunk_ratio`. A stratum without cases adds nothing.

    Source: DuMouchel, Am Stat 1999;53:177-190.
    """
    _check(strata)
    total: Floats = np.sum([stratum.expected() for stratum in strata], axis=0)
    return total


def mantel_haenszel_ror(strata: Sequence[Tables], *, level: float = LEVEL) -> Estimates:
    """Common odds ratio, Σ ad/n.. over Σ bc/n...

    Limits: log-normal with the variance of Robins, Breslow and Greenland. Without correction: 0
    has no limits (UNDEFINED), a zero denominator is INFINITE, 0/0 is UNDEFINED. With one stratum
    it is the ROR without Haldane's correction. Symmetric in drug and event.

    Sources: Mantel & Haenszel, J Natl Cancer Inst 1959;22:719-748; Robins, Breslow & Greenland,
    Biometrics 1986;42:311-323.
    """
    _check(strata)
    r, s, pr, mixed, qs = (np.zeros(len(strata[0])) for _ in range(5))
    for stratum in strata:
        total = stratum.total.astype(np.float64)
        a, b, c, d = (cell.astype(np.float64) for cell in _cells(stratum))
        r_of, s_of = _share(a * d, total), _share(b * c, total)
        p_of, q_of = _share(a + d, total), _share(b + c, total)
        r, s = r + r_of, s + s_of
        pr, qs = pr + p_of * r_of, qs + q_of * s_of
        mixed += p_of * s_of + q_of * r_of
    both = (r > 0) & (s > 0)
    variance = ratio_where(pr, 2.0 * r**2, where=both) + ratio_where(qs, 2.0 * s**2, where=both)
    variance += ratio_where(mixed, 2.0 * r * s, where=both)
    return _common(ROR_MH, r, s, variance, level=level)


def mantel_haenszel_prr(strata: Sequence[Tables], *, level: float = LEVEL) -> Estimates:
    """Common ratio of proportions, Σ a·(n.. - n1.)/n.. over Σ c·n1./n...

    Limits: log-normal with the variance of Greenland and Robins. Zero sums as in
    `mantel_haenszel_ror`. With one stratum it is the PRR.

    Source: Greenland & Robins, Biometrics 1985;41:55-68.
    """
    _check(strata)
    r, s, spread = (np.zeros(len(strata[0])) for _ in range(3))
    for stratum in strata:
        total = stratum.total.astype(np.float64)
        a, b, c, d = (cell.astype(np.float64) for cell in _cells(stratum))
        with_drug, without = a + b, c + d
        r, s = r + _share(a * without, total), s + _share(c * with_drug, total)
        # n1.·(n.. - n1.)·n.1 - a·c·n.., written without a difference: it is never negative.
        spread += _share(_share(a * d * with_drug + b * c * without, total), total)
    both = (r > 0) & (s > 0)
    return _common(PRR_MH, r, s, ratio_where(spread, r * s, where=both), level=level)


def _common(name: str, r: Floats, s: Floats, variance: Floats, *, level: float) -> Estimates:
    known = s > 0
    flag = flags(len(r), defined=known & (r > 0), infinite=(r > 0) & ~known)
    return log_normal(
        name, ratio_where(r, s, where=known), variance, flag, known=known, level=level
    )


def _cells(tables: Tables) -> tuple[Floats, ...]:
    cells = (tables.n11, tables.b, tables.c, tables.d)
    return tuple(cell.astype(np.float64) for cell in cells)


def _share(part: Floats, whole: Floats) -> Floats:
    return ratio_where(part, whole, where=whole > 0)


def _check(strata: Sequence[Tables]) -> None:
    if not strata:
        raise ValueError("there is no stratum")
    if len({len(stratum) for stratum in strata}) > 1:
        raise ValueError("the strata differ in their number of pairs")
