"""A pair over calendar time: to date, and its sudden rise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from services.core.contracts import Table
from services.core.disproportionality import ic
from services.core.tables import Tables
from services.core.trend import sudden_rise, to_date


def test_tables_add_up_to_date() -> None:
    periods = Tables.from_tables([Table(1, 5, 4, 50), Table(0, 3, 2, 40), Table(4, 6, 5, 60)])
    made = to_date(periods)
    assert [made[index] for index in range(3)] == [
        Table(1, 5, 4, 50),
        Table(1, 8, 6, 90),
        Table(5, 14, 11, 150),
    ]
    assert len(ic(made)) == 3


class TestRise:
    def test_the_moment_and_the_size_are_found(self) -> None:
        found = sudden_rise(np.array([2, 1, 2, 1, 9, 11, 10]), np.ones(7))
        assert found is not None
        assert found.period == 4
        assert found.rate_ratio == pytest.approx(10 / 1.5)
        assert found.log_likelihood_ratio == pytest.approx(
            6 * math.log(6 / (36 * 4 / 7)) + 30 * math.log(30 / (36 * 3 / 7))
        )
        assert found.p_value < 1e-4

    def test_exposure_that_rises_with_the_cases_explains_them(self) -> None:
        cases = np.array([2, 1, 2, 1, 9, 11, 10])
        found = sudden_rise(cases, cases.astype(np.float64))
        assert found is None or found.p_value > 0.5

    def test_the_unit_of_exposure_does_not_matter(self) -> None:
        cases, exposure = np.array([1, 0, 3, 6]), np.array([1.0, 2.0, 1.5, 2.5])
        one, other = sudden_rise(cases, exposure), sudden_rise(cases, 1000 * exposure)
        assert one is not None
        assert other is not None
        assert one.p_value == pytest.approx(other.p_value)

    def test_a_fall_is_no_rise(self) -> None:
        assert sudden_rise(np.array([9, 8, 2, 1]), np.ones(4)) is None

    def test_no_case_is_no_rise(self) -> None:
        assert sudden_rise(np.zeros(3, dtype=np.int64), np.ones(3)) is None

    def test_without_a_case_before_there_is_no_ratio(self) -> None:
        found = sudden_rise(np.array([0, 0, 5]), np.ones(3))
        assert found is not None
        assert found.rate_ratio is None
        assert found.period == 2

    @pytest.mark.parametrize("cases", [(0, 1, 3), (1, 0, 2, 3), (0, 0, 0, 2)])
    def test_the_p_value_is_that_of_all_ways_to_place_the_cases(
        self, cases: tuple[int, ...]
    ) -> None:
        exposure = np.arange(1.0, len(cases) + 1)
        found = sudden_rise(np.array(cases), exposure)
        assert found is not None
        total, chance = sum(cases), exposure / exposure.sum()
        exact = 0.0
        for placed in itertools.product(range(len(cases)), repeat=total):
            rival = sudden_rise(np.bincount(placed, minlength=len(cases)), exposure)
            if rival and rival.log_likelihood_ratio >= found.log_likelihood_ratio - 1e-9:
                exact += float(np.prod(chance[list(placed)]))
        assert found.p_value == pytest.approx(exact, rel=1e-9)

    def test_false_alarms_stay_at_their_rate(self) -> None:
        random = np.random.default_rng(2)
        found = [sudden_rise(random.poisson(3.0, 12), np.ones(12)) for _ in range(500)]
        assert sum(one is not None and one.p_value <= 0.05 for one in found) / 500 < 0.07

    @pytest.mark.parametrize(
        ("cases", "expected", "message"),
        [
            ([1], [1.0], "two periods"),
            ([1, 2], [1.0], "length"),
            ([1, 2], [1.0, 0.0], "expected is not above 0 and finite at position 1"),
            ([1, -2], [1.0, 1.0], "cases is negative at position 1"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, cases: list[int], expected: list[float], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            sudden_rise(np.array(cases), np.array(expected))
