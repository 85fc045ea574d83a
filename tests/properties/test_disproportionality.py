"""What holds for the measures of every possible table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.contracts import Table
from services.core.disproportionality import chi2, ic, prr, ror, score
from services.core.ebgm import Prior, ebgm
from services.core.estimates import FLAGS, Estimates, Field
from services.core.rules import PRESETS, passes
from services.core.signal_contracts import MeasureFlag
from services.core.tables import Tables

PRIOR = Prior(alpha1=3.25, beta1=0.4, alpha2=2.02, beta2=1.91, weight=0.065)
UNHURRIED = settings(deadline=None)

SMALL = st.integers(0, 4)
CELL = st.one_of(SMALL, st.integers(0, 10_000), st.integers(0, 250_000_000))


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    rows = draw(st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=20))
    return Tables.from_tables([Table(a, a + b, a + c, a + b + c + d) for a, b, c, d in rows])


@st.composite
def rising(draw: st.DrawFn) -> Tables:
    """Every possible n11 (or a run of them) for one set of margins."""
    cell = st.one_of(SMALL, st.integers(0, 60), st.integers(0, 100_000_000))
    a, b, c, d = (draw(cell) for _ in range(4))
    drug, event, total = a + b, a + c, a + b + c + d
    least, most = max(0, drug + event - total), min(drug, event)
    start = draw(st.integers(least, most))
    n11 = np.arange(start, min(most, start + 100) + 1)
    return Tables.of(n11, *(np.full(len(n11), margin) for margin in (drug, event, total)))


@UNHURRIED
@given(tables())
def test_no_number_is_nan_and_messages_have_finite_ones_only(made: Tables) -> None:
    for estimates in score(made).values():
        for field in Field:
            values, _ = estimates.numbers(field)
            assert not np.isnan(values).any()
        for index in range(len(made)):
            measure = estimates.measure(index)
            numbers = (measure.estimate, measure.lower, measure.upper)
            assert all(number is None or np.isfinite(number) for number in numbers)
            if measure.flag in (MeasureFlag.DEFINED, MeasureFlag.CORRECTED):
                assert measure.estimate is not None
                assert estimates.lower is None or None not in numbers
            if measure.flag is MeasureFlag.INFINITE:
                assert numbers == (None, None, None)


@UNHURRIED
@given(tables())
def test_limits_enclose_the_estimate(made: Tables) -> None:
    for estimates in (prr(made), ror(made), ic(made)):
        estimate, _ = estimates.numbers(Field.ESTIMATE)
        lower, limited = estimates.numbers(Field.LOWER)
        upper, _ = estimates.numbers(Field.UPPER)
        # IC is no quantile of its posterior: at no case its estimate may lie beyond a limit.
        ordered = limited & (made.n11 > 0) if estimates.name == "ic" else limited
        assert (lower <= upper).all()
        assert (lower <= estimate)[ordered].all()
        assert (estimate <= upper)[ordered].all()


@pytest.mark.parametrize("measure", [chi2, ror, ic])
@UNHURRIED
@given(made=tables())
def test_drug_and_event_may_change_places(
    measure: Callable[[Tables], Estimates], made: Tables
) -> None:
    swapped = Tables.of(made.n11, made.event, made.drug, made.total)
    one, other = measure(made), measure(swapped)
    assert (one.flag == other.flag).all()
    for field in Field:
        assert np.allclose(one.numbers(field)[0], other.numbers(field)[0], rtol=1e-12, atol=0)


@UNHURRIED
@given(rising())
def test_more_cases_of_a_pair_mean_more_disproportion(made: Tables) -> None:
    for estimates in (prr(made), ror(made), ic(made)):
        values, comparable = estimates.numbers(Field.ESTIMATE)
        assert not (np.diff(values[comparable]) < 0).any()
    lower, upper = (ic(made).numbers(field)[0] for field in (Field.LOWER, Field.UPPER))
    assert (np.diff(lower) > 0).all()
    assert (np.diff(upper) > 0).all()


@UNHURRIED
@given(tables())
def test_every_rule_decides_every_table(made: Tables) -> None:
    for rule in PRESETS.values():
        decided = passes(rule, made.n11, {**score(made), "ebgm": ebgm(made, PRIOR)})
        assert decided.shape == (len(made),)
        assert not decided[made.n11 < rule.minimum_cases].any()


@UNHURRIED
@given(made=tables(), data=st.data())
def test_a_pair_is_scored_by_itself(made: Tables, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(made) - 1))
    alone = score(Tables.from_tables([made[index]]))
    for name, estimates in score(made).items():
        assert estimates.measure(index) == alone[name].measure(0)


def test_the_codes_of_flags_are_those_of_the_contract() -> None:
    assert set(FLAGS) == set(MeasureFlag)
