"""False discoveries over the whole family of pairs.

A q-value is the smallest rate of false discoveries at which a pair would be among the discoveries:
declaring every pair with q ≤ 0.05 lets 5% of the declared ones be false, on average.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import scipy  # its parts load when first used: most processes use none
from scipy.special import pdtrc

from services.core.estimates import Floats
from services.core.tables import Counts, Tables, counts, refuse


class Dependence(StrEnum):
    """What is assumed of the tests of a family."""

    POSITIVE = "positive"
    """Independent or positively dependent: Benjamini & Hochberg, J R Stat Soc B 1995;57:289-300."""
    ARBITRARY = "arbitrary"
    """Anything: Benjamini & Yekutieli, Ann Stat 2001;29:1165-1188."""


def fisher_p_values(tables: Tables) -> Floats:
    """Probability of n11 cases or more if drug and event are independent, given the margins.

    Fisher's exact test, one-sided, shape [n]. 1 where n11 is the least possible, so also where a
    margin is empty.
    """
    some = tables.n11 > 0
    probabilities = np.ones(len(tables))
    probabilities[some] = scipy.stats.hypergeom.sf(
        tables.n11[some] - 1, tables.total[some], tables.drug[some], tables.event[some]
    )
    return np.clip(probabilities, 0.0, 1.0)


def poisson_p_values(observed: Counts, expected: Floats) -> Floats:
    """Probability of so many cases or more if `expected` are (also adjusted for strata), shape [n].

    Raises:
        ValueError: a number is negative or not finite.
    """
    observed = counts("observed", observed)
    expected = np.asarray(expected, dtype=np.float64)
    refuse(~(np.isfinite(expected) & (expected >= 0)), "expected is negative or not finite")
    some = observed > 0
    tail = pdtrc(np.maximum(observed - 1, 0), expected)
    return np.where(some, tail, 1.0)


def q_values(
    p_values: Floats, *, family: int | None = None, dependence: Dependence = Dependence.POSITIVE
) -> Floats:
    """q-values of a family of tests by their p-values, shape [n].

    Args:
        p_values: those of the tests, shape [n].
        family: how many tests there are, if more than n: all others have the p-value 1. A family
            chosen by its data would be too small: pairs that were seen at all are already
            the likely ones, and their q-values among themselves promise too much.
        dependence: of the tests.

    Raises:
        ValueError: a p-value is not in 0..1, or the family has fewer tests than there are p-values.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    refuse(~((p_values >= 0) & (p_values <= 1)), "a p-value is not in 0..1")
    tests = len(p_values) if family is None else family
    if tests < len(p_values):
        raise ValueError("the family has fewer tests than there are p-values")
    if not len(p_values):
        return np.zeros(0)
    # min p·n/rank over the ranks from its own on; those of p-value 1 come last and change nothing.
    found = np.asarray(scipy.stats.false_discovery_control(p_values, method="bh"), dtype=np.float64)
    found = found * (tests / len(p_values))
    if dependence is Dependence.ARBITRARY:
        found *= (1.0 / np.arange(1, tests + 1)).sum()
    smallest: Floats = np.minimum(found, 1.0)
    return smallest


def bayesian_q_values(null_probability: Floats) -> Floats:
    """q-values by posterior probabilities of "no association", shape [n].

    Such a probability is, for EBGM, the posterior's cdf at 1. The q-value of a pair is the mean
    of the probabilities that are at most its own: the expected share of false ones among the pairs
    declared with it.

    Raises:
        ValueError: a probability is not in 0..1.

    Source: Ahmed et al., Biometrics 2010;66:301-309.
    """
    null_probability = np.asarray(null_probability, dtype=np.float64)
    refuse(~((null_probability >= 0) & (null_probability <= 1)), "a probability is not in 0..1")
    distinct, position, size = np.unique(null_probability, return_inverse=True, return_counts=True)
    mean = np.cumsum(distinct * size) / np.maximum(np.cumsum(size), 1)
    by_pair: Floats = mean[position]
    return by_pair
