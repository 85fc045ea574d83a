"""Disproportionality of pairs: PRR, χ², ROR and IC over arrays of 2×2 tables.

The cells a, b, c, d and the margins n1., n.1, n.. are those of `services.core.tables`. Every
function takes `Tables` of n pairs and returns `Estimates` of shape [n], in work and memory linear
in n. Two-sided limits cover `level` (0.95).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import gammaincinv

from services.core.estimates import (
    DEFINED,
    LEVEL,
    Bools,
    Estimates,
    Floats,
    checked_level,
    flags,
    log_normal,
    ratio_where,
)
from services.core.tables import Counts, Tables, counts, refuse

PRR, CHI2, ROR, IC = "prr", "chi2", "ror", "ic"
"""Names of the measures."""


def prr(tables: Tables, *, level: float = LEVEL) -> Estimates:
    """Proportional reporting ratio, (a / n1.) / (c / (n.. - n1.)), no shrinkage.

    Limits: exp(ln PRR ± z·s), s² = 1/a - 1/n1. + 1/c - 1/(n.. - n1.) (the delta method).
    Zero cells: a = 0 and c > 0 gives 0 without limits (UNDEFINED); a > 0 and c = 0 is INFINITE,
    without limits; 0/0, no case with the drug, or none without it, is UNDEFINED altogether. If
    every case has the event the ratio is exactly 1 and so are its limits. Not symmetric in drug
    and event; increasing in a for given margins.

    Sources: Evans, Waller & Davis, Pharmacoepidemiol Drug Saf 2001;10:483-486; the interval as in
    Gravel's thesis (Uppsala 2009), which `pvda` follows.
    """
    a, c = tables.n11, tables.c
    others = tables.total - tables.drug
    comparable = (tables.drug > 0) & (others > 0)
    finite = comparable & (c > 0)
    defined = finite & (a > 0)
    ratio = ratio_where(_float(a) * others, _float(tables.drug) * c, where=finite)
    # 1/a - 1/n1. = b / (a·n1.): no cancellation, never below zero.
    variance = ratio_where(tables.b, _float(a) * tables.drug, where=defined)
    variance += ratio_where(tables.d, _float(c) * others, where=defined)
    flag = flags(len(tables), defined=defined, infinite=comparable & (a > 0) & (c == 0))
    return log_normal(PRR, ratio, variance, flag, known=finite, level=level)


def chi2(tables: Tables) -> Estimates:
    """χ² of independence with Yates's correction, without limits.

    χ² = n..·max(0, |ad - bc| - n../2)² / (n1.·(n.. - n1.)·n.1·(n.. - n.1)).
    Zero cells need no care as long as no margin is empty; with an empty margin nothing can be
    tested: UNDEFINED. Symmetric in drug and event.

    Source: Yates, Suppl J R Stat Soc 1934;1:217-235, as part of the criteria of Evans 2001.
    """
    full = _margins_full(tables)
    # ad - bc = a·n.. - n1.·n.1, exact in 64 bits.
    difference = np.abs(tables.n11 * tables.total - tables.drug * tables.event)
    corrected = np.maximum(0.0, difference - tables.total / 2)
    margins = _float(tables.drug) * (tables.total - tables.drug)
    margins *= _float(tables.event) * (tables.total - tables.event)
    return Estimates(
        name=CHI2,
        estimate=ratio_where(corrected**2 * tables.total, margins, where=full),
        lower=None,
        upper=None,
        flag=flags(len(tables), defined=full),
        known=full,
    )


def ror(tables: Tables, *, level: float = LEVEL) -> Estimates:
    """Reporting odds ratio, ad / bc, no shrinkage.

    Limits: exp(ln ROR ± z·s), s² = 1/a + 1/b + 1/c + 1/d.
    Zero cells: ½ is added to all four cells of a table that has one (Haldane-Anscombe), and the
    estimate is flagged CORRECTED. With an empty margin (no case with the drug, none without it,
    none with the event, none without it) the odds carry no comparison: UNDEFINED. Symmetric in drug
    and event; increasing in a for given margins.

    Sources: van Puijenbroek et al., Pharmacoepidemiol Drug Saf 2002;11:3-10; Haldane, Ann Hum
    Genet 1956;20:309-311.
    """
    cells = (tables.n11, tables.b, tables.c, tables.d)
    full = _margins_full(tables)
    empty = np.minimum.reduce(cells) == 0
    half = np.where(empty, 0.5, 0.0)
    a, b, c, d = (cell + half for cell in cells)
    variance = ratio_where(1.0, a, where=full)
    for cell in (b, c, d):
        variance += ratio_where(1.0, cell, where=full)
    flag = flags(len(tables), defined=full & ~empty, corrected=full & empty)
    return log_normal(
        ROR, ratio_where(a * d, b * c, where=full), variance, flag, known=full, level=level
    )


def ic(tables: Tables, *, level: float = LEVEL) -> Estimates:
    """Information component, log2((a + ½) / (E + ½)) with E = n1.·n.1 / n...

    See `information_component`. Symmetric in drug and event; it and its limits increase with a for
    given margins. Defined for every table: with no cases at all it is 0, and its limits are those
    of the prior.
    """
    return information_component(tables.n11, tables.expected(), level=level)


def information_component(
    observed: Counts, expected: Floats, *, shrinkage: float = 0.5, level: float = LEVEL
) -> Estimates:
    """Information component of observed counts against any expected ones, shape [n] both.

    IC = log2((O + k) / (E + k)), k = `shrinkage`. Limits are log2 of the quantiles of the
    posterior Gamma(shape O + k, rate E + k) of the rate ratio, exact (no approximation).
    Zero cells: O = 0 and E = 0 are ordinary values. With k = ½ no pair of fewer than three
    cases has a lower limit above 0 (at level 0.95).

    Raises:
        ValueError: a number is negative or not finite, or `shrinkage` is not above 0.

    Source: Norén, Hopstadius & Bate, Stat Methods Med Res 2013;22:57-69.
    """
    observed = counts("observed", observed)
    expected = np.asarray(expected, dtype=np.float64)
    if observed.shape != expected.shape:
        raise ValueError("observed and expected differ in length")
    if not shrinkage > 0:
        raise ValueError("shrinkage is not above 0")
    refuse(~(np.isfinite(expected) & (expected >= 0)), "expected is negative or not finite")
    rate = np.log2(expected + shrinkage)
    # The quantile depends on few distinct counts: the costly inverse runs once for each.
    distinct, position = np.unique(observed, return_inverse=True)
    shape = distinct + shrinkage
    tail = (1.0 - checked_level(level)) / 2
    lower = np.log2(gammaincinv(shape, tail))[position] - rate
    upper = np.log2(gammaincinv(shape, 1.0 - tail))[position] - rate
    everywhere = np.ones(observed.shape, dtype=np.bool_)
    return Estimates(
        name=IC,
        estimate=np.log2(shape)[position] - rate,
        lower=lower,
        upper=upper,
        flag=np.full(observed.shape, DEFINED),
        known=everywhere,
    )


def score(tables: Tables, *, level: float = LEVEL) -> Mapping[str, Estimates]:
    """All measures of this module by name."""
    return {
        PRR: prr(tables, level=level),
        CHI2: chi2(tables),
        ROR: ror(tables, level=level),
        IC: ic(tables, level=level),
    }


def _margins_full(tables: Tables) -> Bools:
    drug, event = tables.drug, tables.event
    return (drug > 0) & (drug < tables.total) & (event > 0) & (event < tables.total)


def _float(counts: Counts) -> Floats:
    return counts.astype(np.float64)
