"""The comparison of sizes tells linear from quadratic."""

from __future__ import annotations

import pytest

from tests.growth import assert_growth, assert_linear


def test_linear_work_is_linear() -> None:
    assert_linear(lambda size: sum(range(size)), size=5000)


def test_quadratic_work_is_not() -> None:
    with pytest.raises(AssertionError, match="800 takes"):
        assert_linear(lambda size: [sum(range(size)) for _ in range(size)], size=100)


def test_the_least_of_the_rounds_counts() -> None:
    times = iter([5.0, 90.0, 1.0, 80.0, 7.0, 3.0])
    assert_growth(lambda size: next(times), small=1, large=2, at_most=3)
