"""Fitting the prior of EBGM: likelihood, search, squashing, warm start, and honest failure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import nbinom

from services.core.ebgm import Prior
from services.core.ebgm_fit import STARTS, WEAK_SPREAD, fit
from services.core.ebgm_likelihood import Points, gradient, log_likelihood, points_of, squash

TRUTH = Prior(alpha1=4.0, beta1=0.5, alpha2=3.0, beta2=3.0, weight=0.15)


def simulated(pairs: int = 3000, *, seed: int = 7) -> Points:
    """Pairs with a case or more, whose rate ratios follow `TRUTH`."""
    random = np.random.default_rng(seed)
    expected = random.lognormal(mean=0.5, sigma=1.2, size=pairs)
    strong = random.random(pairs) < TRUTH.weight
    shape = np.where(strong, TRUTH.alpha1, TRUTH.alpha2)
    rate = np.where(strong, TRUTH.beta1, TRUTH.beta2)
    cases = np.zeros(pairs, dtype=np.int64)
    while (none := cases == 0).any():
        ratio = random.gamma(shape[none], 1 / rate[none])
        cases[none] = random.poisson(ratio * expected[none])
    return points_of(cases, expected)


@pytest.fixture(scope="module")
def points() -> Points:
    return simulated()


def as_array(prior: Prior) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([prior.alpha1, prior.beta1, prior.alpha2, prior.beta2, prior.weight])


def test_likelihood_is_that_of_truncated_negative_binomials(points: Points) -> None:
    parts = []
    for alpha, beta in ((TRUTH.alpha1, TRUTH.beta1), (TRUTH.alpha2, TRUTH.beta2)):
        success = beta / (beta + points.expected)
        of_n = nbinom.pmf(points.n, alpha, success)
        parts.append(of_n / nbinom.sf(0, alpha, success))
    mixed = TRUTH.weight * parts[0] + (1 - TRUTH.weight) * parts[1]
    assert log_likelihood(points, TRUTH) == pytest.approx(np.log(mixed).sum(), rel=1e-12)


def test_gradient_is_that_of_the_likelihood(points: Points) -> None:
    def likelihood(theta: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        return log_likelihood(points, Prior(**dict(zip(names, theta, strict=True))))

    names = ("alpha1", "beta1", "alpha2", "beta2", "weight")
    numerical = approx_fprime(as_array(TRUTH), likelihood, 1e-6)
    assert np.allclose(gradient(points, TRUTH), numerical, rtol=1e-3, atol=1e-2)


def test_weights_count_as_repeated_pairs(points: Points) -> None:
    doubled = Points(points.n, points.expected, 2 * points.weight)
    assert log_likelihood(doubled, TRUTH) == pytest.approx(2 * log_likelihood(points, TRUTH))


def test_the_search_finds_a_likelihood_above_that_of_the_truth(points: Points) -> None:
    found = fit(points)
    assert found.converged
    assert found.message == ""
    assert found.searches == 5
    assert found.log_likelihood >= log_likelihood(points, TRUTH)
    assert found.log_likelihood == pytest.approx(log_likelihood(points, found.prior))
    assert found.prior.weight == pytest.approx(TRUTH.weight, abs=0.05)
    means = found.prior.alpha1 / found.prior.beta1, found.prior.alpha2 / found.prior.beta2
    assert means == pytest.approx((8.0, 1.0), rel=0.2)


def test_components_come_in_one_order(points: Points) -> None:
    swapped = Prior(alpha1=2.0, beta1=4.0, alpha2=0.2, beta2=0.1, weight=2 / 3)
    found = fit(points, starts=[swapped])
    assert found.prior.alpha1 / found.prior.beta1 > found.prior.alpha2 / found.prior.beta2
    assert as_array(found.prior) == pytest.approx(as_array(fit(points).prior), rel=1e-3)


def test_squashing_keeps_the_weight_and_loses_little_likelihood(points: Points) -> None:
    small = squash(points, per_count=50)
    assert len(small.n) < len(points.n) / 2
    assert small.weight.sum() == len(points.n)
    assert np.dot(small.weight, small.expected) == pytest.approx(points.expected.sum())
    assert (np.diff(small.n) >= 0).all()
    lost = fit(points).log_likelihood - log_likelihood(points, fit(small).prior)
    assert 0 <= lost < 0.1


def test_few_pairs_are_not_squashed(points: Points) -> None:
    same = squash(points, per_count=len(points.n))
    assert len(same.n) == len(points.n)
    assert log_likelihood(same, TRUTH) == pytest.approx(log_likelihood(points, TRUTH))


def test_a_warm_start_makes_one_search_to_the_same_place(points: Points) -> None:
    cold = fit(points)
    moved = simulated(3100)
    warm = fit(moved, warm=cold.prior)
    assert warm.converged
    assert warm.searches == 1
    assert warm.log_likelihood == pytest.approx(fit(moved).log_likelihood, abs=1e-6)


def test_a_likelihood_without_a_maximum_gets_the_weak_density_and_says_so() -> None:
    # All ratios are the same: the gammas want to be points, and the weight is anything.
    points = points_of(np.full(50, 3), np.full(50, 1.0))
    found = fit(points)
    assert (found.converged, found.weak, found.searches) == (True, True, 10)
    assert found.message.startswith("of the likelihood alone: ")
    assert found.log_likelihood == pytest.approx(log_likelihood(points, found.prior))
    # Within a few deviations of the density, where the likelihood alone ran to the end.
    away = np.log(as_array(found.prior)[:4]) - np.log(as_array(STARTS[0])[:4])
    assert np.abs(away).max() < 4 * WEAK_SPREAD


def test_the_weak_density_is_left_out_where_there_is_a_maximum(points: Points) -> None:
    assert not fit(points).weak


@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_very_few_pairs_have_a_prior(pairs: int) -> None:
    found = fit(points_of(np.arange(1, pairs + 1), np.full(pairs, 0.5)))
    assert found.converged


def test_a_warm_start_that_fails_falls_back_to_the_others(points: Points) -> None:
    hopeless = Prior(alpha1=1e6, beta1=1e-6, alpha2=1e6, beta2=1e-6, weight=0.5)
    found = fit(points, warm=hopeless)
    assert found.converged
    assert found.log_likelihood == pytest.approx(fit(points).log_likelihood)


def test_pairs_without_cases_are_left_out() -> None:
    made = points_of(np.array([0, 2, 0, 1]), np.array([0.0, 1.0, 5.0, 2.0]))
    assert made.n.tolist() == [2, 1]
    assert made.expected.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("n", "expected", "message"),
    [
        ([0, 0], [1.0, 1.0], "no pair has a case"),
        ([1, 1], [1.0, 0.0], "expected is not above 0 and finite at position 1"),
        ([1, 1], [1.0, np.nan], "expected is not above 0"),
        ([1, -1], [1.0, 1.0], "observed is negative at position 1"),
        ([1], [1.0, 1.0], "length"),
    ],
)
def test_points_that_cannot_be_are_refused(
    n: list[int], expected: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        points_of(np.array(n), np.array(expected))
