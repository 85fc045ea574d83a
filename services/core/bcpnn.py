"""The information component of the Bayesian confidence propagation neural network, normal form.

Mean and variance of IC = log2(p11 / (p1.·p.1)) under independent Beta posteriors, exact through
digamma and trigamma functions; its limits take the posterior as normal. For small counts prefer
`services.core.disproportionality.ic`, whose limits are exact.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri, polygamma, psi

from services.core.estimates import DEFINED, LEVEL, Estimates, Floats, checked_level
from services.core.tables import Tables

BCPNN = "bcpnn"
"""Name of the measure."""


def bcpnn(tables: Tables, *, level: float = LEVEL) -> Estimates:
    """IC of pairs, shape [n], with normal limits.

    Posteriors: p1. ~ Beta(1 + n1., 1 + n.. - n1.), p.1 likewise, and p11 ~ Beta(1 + n11,
    n.. - n11 - 1 + (n.. + 2)² / ((1 + n1.)(1 + n.1))), which without the pair's own cases expects
    independence.
    IC = (ψ(r1) - ψ(r1 + r2) - ψ(p1) + ψ(p1 + p2) - ψ(q1) + ψ(q1 + q2)) / ln 2; its variance is the
    sum of the corresponding ψ' over ln² 2, those of the totals subtracted. Zero cells are ordinary
    values: every table is DEFINED. Symmetric in drug and event.

    Source: Gould, Pharmacoepidemiol Drug Saf 2003;12:559-574, equations A3 and A4; priors after
    Bate et al., Eur J Clin Pharmacol 1998;54:315-321.
    """
    total = tables.total.astype(np.float64)
    drug, event = 1.0 + tables.drug.astype(np.float64), 1.0 + tables.event.astype(np.float64)
    pair = 1.0 + tables.n11.astype(np.float64)
    prior = (total + 2.0) ** 2 / (drug * event)
    # r1 + r2 = n.. + prior.
    estimate = psi(pair) - psi(total + prior) - psi(drug) - psi(event) + 2.0 * psi(total + 2.0)
    variance = _trigamma(pair) - _trigamma(total + prior) + _trigamma(drug) + _trigamma(event)
    variance -= 2.0 * _trigamma(total + 2.0)
    estimate = estimate / math.log(2.0)
    width = ndtri(0.5 + checked_level(level) / 2) * np.sqrt(variance) / math.log(2.0)
    return Estimates(
        name=BCPNN,
        estimate=estimate,
        lower=estimate - width,
        upper=estimate + width,
        flag=np.full(len(tables), DEFINED),
        known=np.ones(len(tables), dtype=np.bool_),
    )


def _trigamma(values: Floats) -> Floats:
    return np.asarray(polygamma(1, values), dtype=np.float64)
