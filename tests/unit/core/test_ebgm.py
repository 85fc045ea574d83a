"""EBGM and its limits: by definition, by figures of a reference package, at the edges."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import gamma, nbinom

from services.core.contracts import Table
from services.core.ebgm import Posterior, Prior, cdf, ebgm, posterior_of, quantile, shrunk_ratio
from services.core.estimates import Field, Floats
from services.core.signal_contracts import MeasureFlag
from services.core.tables import Counts, Tables

# The hyperparameters of openEBGM's own tests (tests/testthat/testEBGM.R, version 0.9.1).
PUBLISHED = Prior(
    alpha1=3.25280367, beta1=0.39983376, alpha2=2.024904, beta2=1.90726819, weight=0.06536416
)

# openEBGM 0.9.1 on its caers data at these hyperparameters: n, E, Qn, EBGM, QUANT_05, QUANT_95.
GOLDEN = [
    (1, 0.000297973778308, 0.348303403276, 2.6314976528, 0.521359, 16.017844),
    (1, 0.0241358760429, 0.302580448548, 2.344354332, 0.500139, 14.539282),
    (1, 0.135876042908, 0.159792486962, 1.6401113146, 0.436934, 9.266058),
    (2, 0.229737783075, 0.343510725378, 2.7891275307, 0.746873, 12.12891),
    (4, 1.04558998808, 0.142065642185, 2.1335454287, 0.926314, 5.547094),
    (9, 1.52860548272, 0.655508122047, 4.8101536922, 2.206338, 9.101724),
    (21, 4.84058402861, 0.442097666106, 3.8217724545, 2.492611, 5.80296),
    (54, 16.0572109654, 0.188390232795, 3.1552899777, 2.496568, 3.964608),
]


def golden(column: int) -> Floats:
    return np.array([row[column] for row in GOLDEN], dtype=np.float64)


def observed() -> Counts:
    return golden(0).astype(np.int64)


class TestPublished:
    def test_weight_of_the_first_component(self) -> None:
        found = posterior_of(observed(), golden(1), PUBLISHED)
        assert np.allclose(found.first, golden(2), rtol=0, atol=1e-10)

    def test_ebgm(self) -> None:
        found = shrunk_ratio(observed(), golden(1), PUBLISHED)
        assert np.allclose(found.estimate, golden(3), rtol=1e-9)

    def test_limits(self) -> None:
        found = shrunk_ratio(observed(), golden(1), PUBLISHED)
        # The package stops its bisection within 5e-7 and rounds to six digits.
        assert np.allclose(found.numbers(Field.LOWER)[0], golden(4), rtol=0, atol=1.1e-6)
        assert np.allclose(found.numbers(Field.UPPER)[0], golden(5), rtol=0, atol=1.1e-6)


class TestDefinition:
    N = np.array([0, 0, 1, 1, 2, 5, 40, 400], dtype=np.int64)
    E = np.array([0.0, 3.0, 0.001, 7.5, 0.5, 4.9, 11.0, 390.0])

    def test_posterior_is_bayes_theorem_of_two_negative_binomials(self) -> None:
        some = self.E > 0
        n, expected = self.N[some], self.E[some]
        prior = PUBLISHED
        of1 = nbinom.pmf(n, prior.alpha1, prior.beta1 / (prior.beta1 + expected))
        of2 = nbinom.pmf(n, prior.alpha2, prior.beta2 / (prior.beta2 + expected))
        wanted = prior.weight * of1 / (prior.weight * of1 + (1 - prior.weight) * of2)
        assert np.allclose(posterior_of(n, expected, prior).first, wanted, rtol=1e-10)

    @pytest.mark.parametrize("probability", [1e-6, 0.05, 0.5, 0.95, 1 - 1e-6])
    def test_quantiles_have_their_probability(self, probability: float) -> None:
        found = posterior_of(self.N, self.E, PUBLISHED)
        assert np.allclose(
            self.mixture(found, quantile(found, probability)), probability, atol=1.1e-9
        )

    @pytest.mark.parametrize("probability", [0.05, 0.95])
    @pytest.mark.parametrize("cases", [1, 3, 150])
    def test_many_pairs_of_one_count_get_what_each_alone_gets(
        self, cases: int, probability: float
    ) -> None:
        # So many that the quantiles are interpolated; the weight of the components turns within.
        expected = np.geomspace(1e-4, 3.0 * cases, 2000)
        n = np.full(2000, cases)
        together = posterior_of(n, expected, PUBLISHED)
        found = quantile(together, probability)
        assert np.abs(self.mixture(together, found) - probability).max() <= 1.1e-9
        for chosen in np.array_split(np.arange(2000), 20)[::7]:
            alone = posterior_of(n[chosen], expected[chosen], PUBLISHED)
            assert np.allclose(quantile(alone, probability), found[chosen], rtol=1e-7)

    def test_many_pairs_of_one_count_and_one_expectation_are_equal(self) -> None:
        found = shrunk_ratio(np.full(600, 2), np.full(600, 0.7), PUBLISHED)
        assert np.ptp(found.numbers(Field.LOWER)[0]) == 0.0

    def test_cdf_is_that_of_the_mixture(self) -> None:
        found = posterior_of(self.N, self.E, PUBLISHED)
        ratio = np.geomspace(1e-3, 30, len(self.N))
        assert np.allclose(cdf(found, ratio), self.mixture(found, ratio), rtol=1e-12)

    @staticmethod
    def mixture(found: Posterior, ratio: Floats) -> Floats:
        of1 = gamma.cdf(ratio, found.shape1[found.count], scale=1 / found.rate1)
        of2 = gamma.cdf(ratio, found.shape2[found.count], scale=1 / found.rate2)
        mixed: Floats = found.first * of1 + (1 - found.first) * of2
        return mixed

    def test_without_cases_and_expectation_the_prior_is_left(self) -> None:
        found = posterior_of(np.array([0]), np.array([0.0]), PUBLISHED)
        assert found.first[0] == pytest.approx(PUBLISHED.weight)

    @pytest.mark.parametrize(("weight", "other"), [(0.0, (2.0, 2.0)), (1.0, (5.0, 1.0))])
    def test_a_prior_of_one_component_has_its_gamma_quantiles(
        self, weight: float, other: tuple[float, float]
    ) -> None:
        prior = Prior(alpha1=5.0, beta1=1.0, alpha2=2.0, beta2=2.0, weight=weight)
        found = shrunk_ratio(np.array([3]), np.array([1.5]), prior)
        shape, rate = other[0] + 3, other[1] + 1.5
        assert found.numbers(Field.LOWER)[0] == pytest.approx(
            gamma.ppf(0.05, shape, scale=1 / rate)
        )
        assert found.numbers(Field.UPPER)[0] == pytest.approx(
            gamma.ppf(0.95, shape, scale=1 / rate)
        )


class TestEdges:
    @pytest.mark.parametrize("table", [(0, 0, 0, 0), (0, 5, 0, 9), (5, 5, 5, 5), (1, 1, 1, 10**9)])
    def test_every_table_has_all_numbers(self, table: tuple[int, int, int, int]) -> None:
        found = ebgm(Tables.from_tables([Table(*table)]), PUBLISHED).measure(0)
        assert found.flag is MeasureFlag.DEFINED
        assert found.estimate is not None
        assert found.lower is not None
        assert found.upper is not None
        assert 0 < found.lower < found.estimate < found.upper

    def test_no_pairs_have_no_estimates(self) -> None:
        assert len(ebgm(Tables.from_tables([]), PUBLISHED)) == 0

    @pytest.mark.parametrize("expected", [-1.0, np.nan, np.inf])
    def test_an_expectation_that_is_none_is_refused(self, expected: float) -> None:
        with pytest.raises(ValueError, match="expected is negative or not finite"):
            shrunk_ratio(np.array([1]), np.array([expected]), PUBLISHED)

    def test_arrays_of_different_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match="length"):
            shrunk_ratio(np.array([1, 2]), np.array([1.0]), PUBLISHED)

    def test_a_level_outside_0_and_1_is_refused(self) -> None:
        with pytest.raises(ValueError, match="level"):
            shrunk_ratio(np.array([1]), np.array([1.0]), PUBLISHED, level=1.0)

    @pytest.mark.parametrize(
        "wrong", [{"alpha1": 0.0}, {"beta2": -1.0}, {"alpha2": np.inf}, {"weight": 1.5}]
    )
    def test_a_prior_that_is_no_distribution_is_refused(self, wrong: dict[str, float]) -> None:
        sound = {"alpha1": 1.0, "beta1": 1.0, "alpha2": 1.0, "beta2": 1.0, "weight": 0.5}
        with pytest.raises(ValueError, match="prior"):
            Prior(**(sound | wrong))


def reference_files() -> list[Path]:
    """The scores of openEBGM at fixed hyperparameters, where the reference data are at hand."""
    root = os.environ.get("ADEWATCH_DATA_DIR")
    folder = Path(root) / "signal_reference" / "openEBGM" if root else Path()
    return sorted(folder.glob("caers_fixed_theta_full_scores.csv")) if root else []


def test_reference_package_agrees_on_every_pair() -> None:
    for path in reference_files():
        with path.open(encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        n = np.array([int(row["N"]) for row in rows])
        expected = np.array([float(row["E"]) for row in rows])
        found = shrunk_ratio(n, expected, PUBLISHED)
        wanted = {
            name: np.array([float(row[name]) for row in rows])
            for name in ("EBGM", "QUANT_05", "QUANT_95")
        }
        assert len(found) == 17_189
        assert np.allclose(found.estimate, wanted["EBGM"], rtol=1e-6, atol=0)
        posterior = posterior_of(n, expected, PUBLISHED)
        for field, name, probability in (
            (Field.LOWER, "QUANT_05", 0.05),
            (Field.UPPER, "QUANT_95", 0.95),
        ):
            limits, _ = found.numbers(field)
            assert np.allclose(limits, wanted[name], rtol=0, atol=1.1e-6)
            assert np.abs(cdf(posterior, limits) - probability).max() <= 1e-6
