"""What holds for BCPNN, Ω, estimates over strata and discoveries, whatever the counts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.bcpnn import bcpnn
from services.core.contracts import Table
from services.core.estimates import Estimates, Field
from services.core.false_discovery import Dependence, bayesian_q_values, fisher_p_values, q_values
from services.core.interaction import Trios, omega
from services.core.masking import masking
from services.core.signal_contracts import MeasureFlag
from services.core.stratified import (
    collapse,
    expected,
    mantel_haenszel_prr,
    mantel_haenszel_ror,
)
from services.core.tables import Tables

UNHURRIED = settings(deadline=None)
CELL = st.one_of(st.integers(0, 3), st.integers(0, 2000), st.integers(0, 250_000_000))
CELLS = st.tuples(CELL, CELL, CELL, CELL)
PROBABILITIES = st.lists(st.floats(0.0, 1.0), max_size=50).map(np.array)


def made(rows: list[tuple[int, int, int, int]]) -> Tables:
    return Tables.from_tables([Table(a, a + b, a + c, a + b + c + d) for a, b, c, d in rows])


@st.composite
def strata(draw: st.DrawFn) -> list[Tables]:
    pairs = draw(st.integers(1, 5))
    rows = st.lists(CELLS, min_size=pairs, max_size=pairs)
    return [made(draw(rows)) for _ in range(draw(st.integers(1, 4)))]


def check(found: Estimates) -> None:
    for field in Field:
        assert not np.isnan(found.numbers(field)[0]).any()
    for index in range(len(found)):
        measure = found.measure(index)
        if measure.flag in (MeasureFlag.DEFINED, MeasureFlag.CORRECTED):
            assert measure.estimate is not None
            assert measure.lower is not None
            assert measure.upper is not None
            assert measure.lower <= measure.upper


@UNHURRIED
@given(st.lists(CELLS, min_size=1, max_size=10))
def test_bcpnn_is_defined_everywhere(rows: list[tuple[int, int, int, int]]) -> None:
    found = bcpnn(made(rows))
    check(found)
    assert (found.flag == found.flag[0]).all()


@UNHURRIED
@given(strata())
def test_estimates_over_strata_are_explicit(tables: list[Tables]) -> None:
    check(mantel_haenszel_prr(tables))
    check(mantel_haenszel_ror(tables))
    assert np.isfinite(expected(tables)).all()


@UNHURRIED
@given(strata())
def test_strata_may_come_in_any_order(tables: list[Tables]) -> None:
    backwards = tables[::-1]
    assert np.allclose(expected(tables), expected(backwards), rtol=1e-12)
    for measure in (mantel_haenszel_prr, mantel_haenszel_ror):
        one, other = measure(tables), measure(backwards)
        assert (one.flag == other.flag).all()
        assert np.allclose(one.estimate, other.estimate, rtol=1e-9)
    assert collapse(tables)[0] == collapse(backwards)[0]


@UNHURRIED
@given(CELLS, CELLS)
def test_omega_is_explicit(
    cases: tuple[int, int, int, int], others: tuple[int, int, int, int]
) -> None:
    names = ("both", "first", "second", "neither")
    columns = {name: [n + m] for name, n, m in zip(names, cases, others, strict=True)}
    events = {f"{name}_event": [n] for name, n in zip(names, cases, strict=True)}
    check(omega(Trios.of(**columns, **events)))


@UNHURRIED
@given(PROBABILITIES)
def test_q_values_keep_the_order_and_are_probabilities(p_values: np.ndarray) -> None:
    cautious = q_values(p_values, dependence=Dependence.ARBITRARY)
    usual = q_values(p_values)
    assert (p_values <= usual + 1e-12).all()
    assert (usual <= cautious + 1e-12).all()
    assert (bayesian_q_values(p_values) <= p_values + 1e-12).all()
    for found in (usual, cautious, bayesian_q_values(p_values)):
        assert ((found >= 0) & (found <= 1)).all()
        assert (np.diff(found[np.argsort(p_values, kind="stable")]) >= -1e-12).all()


@UNHURRIED
@given(st.lists(st.tuples(*[st.integers(0, 300)] * 4), min_size=1, max_size=10))
def test_p_values_are_probabilities(rows: list[tuple[int, int, int, int]]) -> None:
    found = fisher_p_values(made(rows))
    assert ((found >= 0) & (found <= 1)).all()


@UNHURRIED
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 200)), min_size=1, max_size=8),
    st.integers(0, 300),
    st.integers(1, 5),
)
def test_masking_never_makes_impossible_tables(
    pairs: list[tuple[int, int]], background: int, strongest: int
) -> None:
    event = sum(n for n, _ in pairs) + background
    total = event + sum(m for _, m in pairs) + 1000
    tables = Tables.from_tables([Table(n, n + m, event, total) for n, m in pairs])
    found = masking(tables, strongest=strongest)
    assert len(found.removed) + len(found.others) == len(tables)
    assert (found.after.n11 == found.before.n11).all()
    assert (found.ratio >= 1.0 - 1e-12).all()
