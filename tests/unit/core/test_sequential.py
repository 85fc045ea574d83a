"""Poisson MaxSPRT: published critical values, closed forms, simulation, and edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.core.sequential import (
    critical_value,
    false_alarm_probability,
    log_likelihood_ratio,
    signalling_expectation,
)


class TestCriticalValue:
    @pytest.mark.parametrize(
        ("horizon", "minimum_cases", "published"),
        [
            # Kulldorff et al. 2011, table 1 (α = 0.05), as the package Sequential gives them.
            (1, 1, 2.853937),
            (2, 1, 3.046977),
            (5, 1, 3.297183),
            (10, 1, 3.467952),
            (20, 1, 3.628123),
            (50, 1, 3.819903),
            (10, 3, 3.064248),
            (10, 4, 2.921561),
        ],
    )
    def test_published_values(self, horizon: int, minimum_cases: int, published: float) -> None:
        found = critical_value(alpha=0.05, horizon=horizon, minimum_cases=minimum_cases)
        assert found == pytest.approx(published, abs=1e-6)

    @pytest.mark.parametrize("alpha", [0.5, 0.1, 0.01, 1e-6])
    @pytest.mark.parametrize("horizon", [3.0, 12.5])
    def test_it_spends_exactly_alpha(self, alpha: float, horizon: float) -> None:
        found = critical_value(alpha=alpha, horizon=horizon)
        assert false_alarm_probability(found, horizon=horizon) == pytest.approx(alpha, rel=1e-8)

    def test_it_rises_with_the_horizon_and_falls_with_alpha_and_the_minimum(self) -> None:
        base = critical_value(alpha=0.05, horizon=10)
        assert critical_value(alpha=0.05, horizon=11) > base
        assert critical_value(alpha=0.06, horizon=10) < base
        assert critical_value(alpha=0.05, horizon=10, minimum_cases=2) < base

    def test_a_horizon_too_short_for_the_minimum_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"3 cases against 0\.5 expected"):
            critical_value(alpha=0.05, horizon=0.5, minimum_cases=3)

    @pytest.mark.parametrize(("horizon", "minimum_cases"), [(20.0, 20), (60.0, 40)])
    def test_even_a_half_can_be_spent(self, horizon: float, minimum_cases: int) -> None:
        found = critical_value(alpha=0.5, horizon=horizon, minimum_cases=minimum_cases)
        spent = false_alarm_probability(found, horizon=horizon, minimum_cases=minimum_cases)
        assert found > 0
        assert spent == pytest.approx(0.5)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"alpha": 0.0},
            {"alpha": 0.6},
            {"alpha": math.nan},
            {"horizon": 0.0},
            {"horizon": math.inf},
            {"horizon": math.nan},
            {"minimum_cases": 0},
        ],
    )
    def test_arguments_out_of_range_are_refused(self, wrong: dict[str, float]) -> None:
        sound: dict[str, float] = {"alpha": 0.05, "horizon": 5.0, "minimum_cases": 1}
        with pytest.raises(ValueError, match=r"alpha|horizon|minimum_cases"):
            critical_value(**(sound | wrong))  # type: ignore[arg-type]


class TestFalseAlarms:
    def test_with_a_horizon_before_the_first_boundary_any_case_is_a_signal(self) -> None:
        first = float(signalling_expectation(1, 2.0))
        found = false_alarm_probability(2.0, horizon=first / 2)
        assert found == pytest.approx(1 - math.exp(-first / 2))

    def test_two_steps_by_hand(self) -> None:
        one, two = signalling_expectation([1, 2], 2.0)
        horizon = float(two)
        quiet = math.exp(-one) * (math.exp(-(two - one)) * (1 + (two - one)))
        found = false_alarm_probability(2.0, horizon=horizon)
        assert found == pytest.approx(1 - quiet, rel=1e-12)

    @pytest.mark.parametrize(("horizon", "minimum_cases"), [(8.0, 1), (8.0, 3), (2.0, 2)])
    def test_simulated_processes_agree(self, horizon: float, minimum_cases: int) -> None:
        random = np.random.default_rng(11)
        runs, cases = 20_000, 60
        times = random.exponential(size=(runs, cases)).cumsum(axis=1)
        n = np.arange(1, cases + 1)
        llr = log_likelihood_ratio(n, times)
        alarm = (llr >= 2.5) & (times <= horizon) & (n >= minimum_cases)
        share = alarm.any(axis=1).mean()
        exact = false_alarm_probability(2.5, horizon=horizon, minimum_cases=minimum_cases)
        assert share == pytest.approx(exact, abs=4 * math.sqrt(exact / runs))

    def test_a_critical_value_of_zero_is_refused(self) -> None:
        with pytest.raises(ValueError, match="critical value"):
            false_alarm_probability(0.0, horizon=1.0)


class TestRatio:
    def test_by_hand(self) -> None:
        assert log_likelihood_ratio(6, 2.0) == pytest.approx(-4 + 6 * math.log(3))

    def test_no_excess_is_no_evidence(self) -> None:
        assert log_likelihood_ratio([0, 2, 2], [1.0, 2.0, 5.0]).tolist() == [0.0, 0.0, 0.0]

    def test_a_case_where_none_is_expected_is_infinite_evidence(self) -> None:
        assert log_likelihood_ratio([1, 0], [0.0, 0.0]).tolist() == [math.inf, 0.0]

    @pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
    def test_numbers_that_are_no_counts_are_refused(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="finite and not negative"):
            log_likelihood_ratio([wrong], [1.0])
        with pytest.raises(ValueError, match="finite and not negative"):
            log_likelihood_ratio([1.0], [wrong])

    @pytest.mark.parametrize("value", [1e-3, 2.85, 30.0])
    def test_the_signalling_expectation_is_where_the_ratio_is_critical(self, value: float) -> None:
        n = np.array([1, 2, 10, 500])
        greatest = signalling_expectation(n, value)
        assert (greatest < n).all()
        assert (np.diff(greatest) > 0).all()
        assert np.allclose(log_likelihood_ratio(n, greatest), value, rtol=1e-6)
