"""The normal form of BCPNN against published figures, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from services.core.bcpnn import bcpnn
from services.core.contracts import Table
from services.core.disproportionality import ic
from services.core.estimates import Field
from services.core.signal_contracts import MeasureFlag
from services.core.tables import Tables


@pytest.mark.parametrize(
    ("table", "estimate", "lower", "upper"),
    [
        # Counts of Gould 2003, table 1; figures of pharmsignal 0.1.0, bcpnn_norm_signal().
        (Table(1614, 85304, 71209, 4640498), 0.301503, 0.2297176, 0.3732884),
        (Table(328, 85304, 3001, 4640498), 2.547888, 2.383292, 2.712484),
    ],
)
def test_published_figures(table: Table, estimate: float, lower: float, upper: float) -> None:
    found = bcpnn(Tables.from_tables([table])).measure(0)
    assert found.estimate == pytest.approx(estimate, abs=1e-6)
    assert found.lower == pytest.approx(lower, abs=1e-6)
    assert found.upper == pytest.approx(upper, abs=1e-6)


def test_many_cases_give_what_the_exact_form_gives() -> None:
    tables = Tables.from_tables([Table(50_000, 200_000, 150_000, 10_000_000)])
    for field in Field:
        exact, _ = ic(tables).numbers(field)
        assert bcpnn(tables).numbers(field)[0] == pytest.approx(exact, abs=5e-3)


@pytest.mark.parametrize(
    "table", [(0, 0, 0, 0), (0, 5, 5, 10), (5, 5, 5, 5), (10**9, 10**9, 10**9, 10**9)]
)
def test_every_table_has_all_numbers(table: tuple[int, int, int, int]) -> None:
    found = bcpnn(Tables.from_tables([Table(*table)])).measure(0)
    assert found.flag is MeasureFlag.DEFINED
    assert found.lower is not None
    assert found.estimate is not None
    assert found.upper is not None
    assert found.lower < found.estimate < found.upper


def test_without_data_the_prior_is_left() -> None:
    # ψ(1) - ψ(4) - 2ψ(1) + 2ψ(2) = 2 - 11/6.
    found = bcpnn(Tables.from_tables([Table(0, 0, 0, 0)])).estimate[0]
    assert found == pytest.approx(1 / 6 / np.log(2))


def test_drug_and_event_may_change_places() -> None:
    one = bcpnn(Tables.from_tables([Table(3, 50, 20, 900)]))
    other = bcpnn(Tables.from_tables([Table(3, 20, 50, 900)]))
    for field in Field:
        assert np.allclose(one.numbers(field)[0], other.numbers(field)[0], rtol=1e-13)
