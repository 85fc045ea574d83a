"""Scoring all pairs: when the prior is refitted, and what happens when that fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.core.contracts import Table
from services.core.ebgm import Prior
from services.core.ebgm_fit import Fit, fit
from services.core.ebgm_likelihood import Points, points_of
from services.core.engine import Hyperparameters, measures, refreshed
from services.core.estimates import Field
from services.core.tables import Tables


def simulated(pairs: int = 1500, *, seed: int = 4) -> Tables:
    """Pairs of which one in ten is strong."""
    random = np.random.default_rng(seed)
    total = 1_000_000
    drug, event = (random.integers(500, 20_000, pairs) for _ in range(2))
    ratio = np.where(
        random.random(pairs) < 0.1, random.gamma(4.0, 2.0, pairs), random.gamma(3.0, 1 / 3, pairs)
    )
    n11 = np.minimum(random.poisson(ratio * drug * event / total), np.minimum(drug, event))
    return Tables.of(n11, drug, event, np.full(pairs, total))


def head(tables: Tables, size: int) -> Tables:
    return Tables.from_tables([tables[index] for index in range(size)])


@pytest.fixture(scope="module")
def tables() -> Tables:
    return simulated()


@pytest.fixture(scope="module")
def first(tables: Tables) -> Hyperparameters:
    found = refreshed(None, tables)
    assert found is not None
    return found


def test_the_first_table_is_fitted(tables: Tables, first: Hyperparameters) -> None:
    assert first.last.converged
    assert first.prior == first.last.prior
    assert first.pairs == int((tables.n11 > 0).sum())
    assert first.cases == int(tables.n11.sum())
    exact = fit(points_of(tables.n11, tables.expected()))
    assert first.prior is not None
    assert first.prior.alpha2 == pytest.approx(exact.prior.alpha2, rel=0.05)


def test_a_table_that_hardly_moved_keeps_its_hyperparameters(
    tables: Tables, first: Hyperparameters
) -> None:
    assert refreshed(first, head(tables, 1490)) is first


def test_a_table_that_moved_is_refitted_from_where_it_was(
    tables: Tables, first: Hyperparameters
) -> None:
    found = refreshed(first, head(tables, 1300))
    assert found is not None
    assert found is not first
    assert found.last.converged
    assert found.last.searches == 1


def stuck(points: Points, warm: Prior | None) -> Fit:
    """A search that ends on a slope."""
    return replace(fit(points, warm=warm), converged=False, message="the gradient does not vanish")


def test_a_search_that_does_not_converge_leaves_the_prior_in_use(
    tables: Tables, first: Hyperparameters
) -> None:
    found = refreshed(first, head(tables, 1300), search=stuck)
    assert found is not None
    assert not found.last.converged
    assert found.prior == first.prior


def test_a_first_search_that_does_not_converge_leaves_no_prior(tables: Tables) -> None:
    found = refreshed(None, tables, search=stuck)
    assert found is not None
    assert found.prior is None
    assert found.last.message
    assert "ebgm" not in measures(tables, found.prior)


def test_pairs_that_are_all_alike_get_a_prior_by_the_weak_density() -> None:
    same = Tables.of(*(np.full(40, number) for number in (10, 1000, 1000, 100_000)))
    found = refreshed(None, same)
    assert found is not None
    assert (found.last.converged, found.last.weak) == (True, True)
    assert found.prior == found.last.prior
    # All came just as expected, and that is what the prior makes of them.
    ebgm = measures(same, found.prior)["ebgm"]
    assert ebgm.estimate == pytest.approx(np.ones(40), abs=0.1)


def test_without_any_case_nothing_is_fitted(first: Hyperparameters) -> None:
    nothing = Tables.from_tables([Table(0, 5, 5, 100)])
    assert refreshed(None, nothing) is None
    assert refreshed(first, nothing) is first


def test_many_pairs_are_scored_in_blocks_that_join_seamlessly(first: Hyperparameters) -> None:
    few = simulated(700)
    many = Tables.of(
        *(np.tile(column, 400) for column in (few.n11, few.drug, few.event, few.total))
    )
    for name, estimates in measures(many, first.prior).items():
        alone = measures(few, first.prior)[name]
        assert len(estimates) == 280_000
        for start in (0, 261_800, 262_500, 279_300):
            part = slice(start, start + 700)
            assert (estimates.flag[part] == alone.flag).all()
            for field in Field:
                together, _ = estimates.numbers(field)
                assert np.allclose(together[part], alone.numbers(field)[0], rtol=1e-7, atol=0)


def test_touched_pairs_get_what_a_full_rescoring_gives_them(
    tables: Tables, first: Hyperparameters
) -> None:
    everything = measures(tables, first.prior)
    touched = measures(head(tables, 3), first.prior)
    assert list(everything) == ["prr", "chi2", "ror", "ic", "maxsprt", "ebgm"]
    for name, estimates in touched.items():
        assert (estimates.flag == everything[name].flag[:3]).all()
        for field in Field:
            alone, _ = estimates.numbers(field)
            together, _ = everything[name].numbers(field)
            assert np.allclose(alone, together[:3], rtol=1e-7, atol=0)
