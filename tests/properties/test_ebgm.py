"""What holds for EBGM under every prior and table."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.ebgm import CDF_TOLERANCE, Prior, cdf, posterior_of, shrunk_ratio
from services.core.estimates import Field

UNHURRIED = settings(deadline=None)

POSITIVE = st.floats(0.05, 50.0)
PRIORS = st.builds(
    Prior,
    alpha1=POSITIVE,
    beta1=POSITIVE,
    alpha2=POSITIVE,
    beta2=POSITIVE,
    weight=st.floats(0.0, 1.0),
)
PAIRS = st.lists(st.tuples(st.integers(0, 5000), st.floats(0.0, 5000.0)), min_size=1, max_size=30)


@UNHURRIED
@given(PRIORS, PAIRS)
def test_limits_have_their_probability_and_all_is_finite(
    prior: Prior, pairs: list[tuple[int, float]]
) -> None:
    n, expected = np.array([n for n, _ in pairs]), np.array([e for _, e in pairs])
    found = shrunk_ratio(n, expected, prior)
    lower, upper = (found.numbers(field)[0] for field in (Field.LOWER, Field.UPPER))
    posterior = posterior_of(n, expected, prior)
    assert np.abs(cdf(posterior, lower) - 0.05).max() <= 1.1 * CDF_TOLERANCE
    assert np.abs(cdf(posterior, upper) - 0.95).max() <= 1.1 * CDF_TOLERANCE
    assert (lower <= upper).all()
    assert np.isfinite(found.estimate).all()
    assert (found.estimate > 0).all()


@UNHURRIED
@given(PRIORS, st.floats(0.001, 100.0), st.integers(0, 200))
def test_more_cases_mean_a_greater_ratio(prior: Prior, expected: float, least: int) -> None:
    n = np.arange(least, least + 30)
    found = shrunk_ratio(n, np.full(len(n), expected), prior)
    for field in Field:
        values, _ = found.numbers(field)
        assert (np.diff(values) > -1e-6 * values[1:]).all()
