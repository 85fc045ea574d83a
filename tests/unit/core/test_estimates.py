"""Limits that no number can hold."""

from __future__ import annotations

import numpy as np
import pytest

from services.core.contracts import Table
from services.core.estimates import flags, log_normal
from services.core.stratified import mantel_haenszel_prr, mantel_haenszel_ror
from services.core.tables import Tables


@pytest.mark.parametrize("ratio", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("variance", [1e6, 1e200])
def test_limits_of_an_absurd_variance_end_where_numbers_end(ratio: float, variance: float) -> None:
    known = np.array([True])
    found = log_normal(
        "prr", np.array([ratio]), np.array([variance]), flags(1, defined=known),
        known=known, level=0.95,
    )  # fmt: skip
    one = found.measure(0)
    assert one.lower is not None
    assert one.upper is not None
    assert 0.0 <= one.lower <= ratio <= one.upper < np.inf


def test_strata_that_hardly_overlap_have_finite_limits() -> None:
    # The drug only where the event is rare, and the other way round: weights cancel almost.
    huge = 250_000_000
    tables = [
        Tables.from_tables([Table(1, 1, huge, 3 * huge)]),
        Tables.from_tables([Table(0, huge, 1, 3 * huge)]),
    ]
    for measure in (mantel_haenszel_prr, mantel_haenszel_ror):
        one = measure(tables).measure(0)
        assert all(number is None or np.isfinite(number) for number in (one.lower, one.upper))
