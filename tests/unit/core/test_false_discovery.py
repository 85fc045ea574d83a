"""Discoveries over a family of pairs: by hand, against exact tests, under simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import fisher_exact, poisson

from services.core.contracts import Table
from services.core.false_discovery import (
    Dependence,
    bayesian_q_values,
    fisher_p_values,
    poisson_p_values,
    q_values,
)
from services.core.tables import Tables


def test_p_values_are_those_of_fishers_exact_test() -> None:
    cells = [(3, 7, 5, 85), (0, 5, 5, 90), (10, 0, 0, 10), (1, 1, 1, 1), (8, 92, 40, 9860)]
    tables = Tables.from_tables([Table(a, a + b, a + c, a + b + c + d) for a, b, c, d in cells])
    wanted = [fisher_exact([[a, b], [c, d]], alternative="greater").pvalue for a, b, c, d in cells]
    assert np.allclose(fisher_p_values(tables), wanted, rtol=1e-9)


@pytest.mark.parametrize("table", [(0, 0, 0, 0), (0, 0, 5, 9), (0, 5, 0, 9), (5, 5, 9, 9)])
def test_what_could_not_be_otherwise_has_a_p_value_of_one(
    table: tuple[int, int, int, int],
) -> None:
    assert fisher_p_values(Tables.from_tables([Table(*table)]))[0] == 1.0


def test_poisson_p_values_are_upper_tails() -> None:
    observed, expected = np.array([0, 1, 4, 50]), np.array([3.0, 0.0, 1.5, 20.0])
    wanted = poisson.sf(observed - 1, expected)
    assert np.allclose(poisson_p_values(observed, expected), wanted, rtol=1e-10)


def test_q_values_by_hand() -> None:
    p = np.array([0.04, 0.01, 0.02, 0.5])
    assert q_values(p) == pytest.approx([0.04 * 4 / 3, 0.04, 0.04, 0.5])
    harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4
    assert q_values(p, dependence=Dependence.ARBITRARY) == pytest.approx(
        np.minimum(np.array([0.04 * 4 / 3, 0.04, 0.04, 0.5]) * harmonic, 1)
    )


@pytest.mark.parametrize("dependence", Dependence)
def test_a_greater_family_is_one_with_p_values_of_one(dependence: Dependence) -> None:
    p = np.array([0.04, 0.0001, 0.002, 0.5])
    whole = q_values(np.concatenate((p, np.ones(46))), dependence=dependence)
    assert q_values(p, family=50, dependence=dependence) == pytest.approx(whole[:4])
    assert q_values(p, family=50)[1] == pytest.approx(0.005)


def test_a_family_smaller_than_its_tests_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer tests"):
        q_values(np.array([0.1, 0.2]), family=1)


def test_rare_pairs_that_were_seen_by_chance_are_no_discoveries() -> None:
    # Of 250,000 pairs that expect a hundredth of a case each, 2,488 have one or more, twelve two.
    seen = np.array([2] * 12 + [1] * 2476)
    p = poisson_p_values(seen, np.full(len(seen), 0.01))
    assert q_values(p).max() < 0.05
    assert q_values(p, family=250_000).min() > 0.9


def test_no_tests_have_no_q_values() -> None:
    assert len(q_values(np.zeros(0))) == 0
    assert len(q_values(np.zeros(0), family=0)) == 0
    assert len(bayesian_q_values(np.zeros(0))) == 0


def test_false_discoveries_stay_at_their_rate() -> None:
    random = np.random.default_rng(5)
    shares = []
    for _ in range(200):
        expected = random.gamma(2.0, 2.0, 400)
        real = np.arange(400) < 60
        observed = random.poisson(np.where(real, 6.0, 1.0) * expected)
        declared = q_values(poisson_p_values(observed, expected)) <= 0.1
        shares.append((declared & ~real).sum() / max(1, declared.sum()))
    assert 0.01 < np.mean(shares) <= 0.1


def test_bayesian_q_values_by_hand() -> None:
    found = bayesian_q_values(np.array([0.3, 0.01, 0.02, 0.02]))
    assert found == pytest.approx([0.35 / 4, 0.01, 0.05 / 3, 0.05 / 3])


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan])
def test_numbers_that_are_no_probabilities_are_refused(wrong: float) -> None:
    for function in (q_values, bayesian_q_values):
        with pytest.raises(ValueError, match=r"not in 0\.\.1 at position 1"):
            function(np.array([0.5, wrong]))


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_expectations_that_are_none_are_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="expected is negative or not finite"):
        poisson_p_values(np.array([1]), np.array([wrong]))
