"""Measures of disproportionality, by hand, by published figures and by reference packages."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from services.core.contracts import Table
from services.core.disproportionality import (
    chi2,
    ic,
    information_component,
    prr,
    ror,
    score,
)
from services.core.estimates import Estimates, Field
from services.core.signal_contracts import Measure, MeasureFlag
from services.core.tables import Tables

Row = dict[str, str]
Measurer = Callable[[Tables], Estimates]


def one(measure: Measurer, n11: int, drug: int, event: int, total: int) -> Measure:
    return measure(Tables.from_tables([Table(n11, drug, event, total)])).measure(0)


def cells(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    return a, a + b, a + c, a + b + c + d


def close(value: float | None, expected: float, tolerance: float = 1e-9) -> bool:
    return value is not None and math.isclose(value, expected, rel_tol=tolerance, abs_tol=tolerance)


class TestByHand:
    def test_prr_with_its_log_normal_interval(self) -> None:
        found = one(prr, *cells(10, 90, 20, 880))
        spread = math.exp(1.959963984540054 * math.sqrt(1 / 10 - 1 / 100 + 1 / 20 - 1 / 900))
        assert close(found.estimate, 4.5)
        assert close(found.lower, 4.5 / spread)
        assert close(found.upper, 4.5 * spread)
        assert found.flag is MeasureFlag.DEFINED

    def test_ror_with_its_log_normal_interval(self) -> None:
        found = one(ror, *cells(10, 90, 20, 880))
        spread = math.exp(1.959963984540054 * math.sqrt(1 / 10 + 1 / 90 + 1 / 20 + 1 / 880))
        assert close(found.estimate, 8800 / 1800)
        assert close(found.lower, 8800 / 1800 / spread)
        assert close(found.upper, 8800 / 1800 * spread)

    def test_chi_squared_takes_half_of_all_cases_off(self) -> None:
        found = one(chi2, *cells(10, 90, 20, 880))
        expected = 1000 * (10 * 880 - 90 * 20 - 500) ** 2 / (100 * 900 * 30 * 970)
        assert close(found.estimate, expected)
        assert (found.lower, found.upper) == (None, None)

    def test_chi_squared_is_zero_within_the_correction(self) -> None:
        assert one(chi2, *cells(1, 9, 10, 90)).estimate == 0.0

    def test_level_widens_the_limits(self) -> None:
        tables = Tables.from_tables([Table(*cells(10, 90, 20, 880))])
        for measure in (prr, ror, ic):
            narrow, wide = measure(tables, level=0.9), measure(tables, level=0.99)
            assert wide.numbers(Field.LOWER)[0] < narrow.numbers(Field.LOWER)[0]
            assert wide.numbers(Field.UPPER)[0] > narrow.numbers(Field.UPPER)[0]

    @pytest.mark.parametrize("level", [0.0, 1.0, -1.0, math.nan])
    def test_a_level_outside_0_and_1_is_refused(self, level: float) -> None:
        with pytest.raises(ValueError, match="level"):
            score(Tables.from_tables([]), level=level)


class TestPublished:
    @pytest.mark.parametrize(
        ("observed", "expected", "estimate", "lower", "upper"),
        [
            # Norén, Hopstadius & Bate 2013.
            (20, 10.0, 0.9652, 0.2639, 1.5280),
            (5, 1.0, 1.8745, 0.3470, 2.8692),
        ],
    )
    def test_information_component(
        self, observed: int, expected: float, estimate: float, lower: float, upper: float
    ) -> None:
        found = information_component(np.array([observed]), np.array([expected])).measure(0)
        assert close(found.estimate, estimate, 5e-5)
        assert close(found.lower, lower, 5e-5)
        assert close(found.upper, upper, 5e-5)

    @pytest.mark.parametrize(
        ("observed", "expected", "estimate", "lower", "upper"),
        [
            # pvda 0.0.4, ic(), shrinkage 0.5.
            (0, 0.01, -0.028569152196771, -10.0204569680036, 2.3002346291394),
            (1, 0.01, 1.55639334852439, -2.24083391983696, 3.19615086964705),
        ],
    )
    def test_information_component_of_rare_pairs(
        self, observed: int, expected: float, estimate: float, lower: float, upper: float
    ) -> None:
        found = information_component(np.array([observed]), np.array([expected])).measure(0)
        assert close(found.estimate, estimate)
        assert close(found.lower, lower)
        assert close(found.upper, upper)

    @pytest.mark.parametrize(
        ("table", "expected_prr", "expected_ror"),
        [
            # pvda 0.0.4, prr() and ror(): lower limit, estimate, upper limit.
            (
                (1, 2, 3, 100),
                (1.62755358711773, 11.4444444444444, 80.4737304373014),
                (1.16460169100868, 16.6666666666667, 238.517408932482),
            ),
            (
                (3, 2, 3, 100),
                (5.47603675770548, 20.6, 77.4940013693063),
                (5.9653422711933, 50.0, 419.087436453148),
            ),
        ],
    )
    def test_prr_and_ror(
        self,
        table: tuple[int, int, int, int],
        expected_prr: tuple[float, float, float],
        expected_ror: tuple[float, float, float],
    ) -> None:
        for measure, expected in ((prr, expected_prr), (ror, expected_ror)):
            found = one(measure, *cells(*table))
            for value, wanted in zip(
                (found.lower, found.estimate, found.upper), expected, strict=True
            ):
                assert close(value, wanted)

    def test_a_pair_below_three_cases_never_has_a_positive_lower_limit(self) -> None:
        rare = information_component(np.array([1, 2, 3, 4]), np.full(4, 1e-9))
        lower, _ = rare.numbers(Field.LOWER)
        assert (lower > 0).tolist() == [False, False, True, True]


class TestZeroCells:
    def test_prr_without_the_pair_is_zero_without_limits(self) -> None:
        assert one(prr, *cells(0, 5, 5, 90)) == Measure(
            name="prr", estimate=0.0, flag=MeasureFlag.UNDEFINED
        )

    def test_prr_of_an_event_seen_with_this_drug_only_is_infinite(self) -> None:
        tables = Tables.from_tables([Table(*cells(4, 5, 0, 90))])
        assert prr(tables).measure(0) == Measure(
            name="prr", estimate=None, flag=MeasureFlag.INFINITE
        )
        values, comparable = prr(tables).numbers(Field.ESTIMATE)
        assert (values[0], comparable[0]) == (math.inf, True)
        assert not prr(tables).numbers(Field.LOWER)[1][0]

    @pytest.mark.parametrize(
        "table",
        [(0, 5, 0, 90), (0, 0, 5, 90), (5, 5, 0, 0), (5, 0, 0, 0), (0, 0, 0, 0)],
        ids=["no-event", "no-drug", "no-others", "only-this-drug", "no-cases"],
    )
    def test_prr_with_nothing_to_compare_is_undefined(
        self, table: tuple[int, int, int, int]
    ) -> None:
        assert one(prr, *cells(*table)) == Measure(
            name="prr", estimate=None, flag=MeasureFlag.UNDEFINED
        )

    def test_prr_of_an_event_that_every_case_has_is_exactly_one(self) -> None:
        found = one(prr, *cells(5, 0, 90, 0))
        assert (found.estimate, found.lower, found.upper) == (1.0, 1.0, 1.0)

    @pytest.mark.parametrize("table", [(4, 5, 0, 90), (0, 5, 5, 90), (4, 0, 5, 90), (4, 5, 5, 0)])
    def test_ror_with_a_zero_cell_is_corrected_and_says_so(
        self, table: tuple[int, int, int, int]
    ) -> None:
        a, b, c, d = (cell + 0.5 for cell in table)
        spread = math.exp(1.959963984540054 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d))
        found = one(ror, *cells(*table))
        assert found.flag is MeasureFlag.CORRECTED
        assert close(found.estimate, a * d / (b * c))
        assert close(found.lower, a * d / (b * c) / spread)
        assert close(found.upper, a * d / (b * c) * spread)

    @pytest.mark.parametrize("table", [(0, 0, 5, 90), (0, 5, 0, 90), (5, 5, 0, 0), (5, 0, 5, 0)])
    @pytest.mark.parametrize("measure", [ror, chi2])
    def test_an_empty_margin_leaves_nothing_to_compare(
        self, measure: Measurer, table: tuple[int, int, int, int]
    ) -> None:
        found = one(measure, *cells(*table))
        assert (found.estimate, found.flag) == (None, MeasureFlag.UNDEFINED)

    def test_ic_of_nothing_is_the_prior(self) -> None:
        found = one(ic, 0, 0, 0, 0)
        assert found.estimate == 0.0
        assert found.flag is MeasureFlag.DEFINED
        assert found.lower is not None
        assert found.upper is not None


class TestInput:
    @pytest.mark.parametrize(
        ("margins", "message"),
        [
            ((-1, 1, 1, 5), "n11 is negative at position 1"),
            ((2, 1, 3, 5), "n11 is above drug at position 1"),
            ((2, 3, 1, 5), "n11 is above event at position 1"),
            ((1, 6, 1, 5), "drug is above total at position 1"),
            ((1, 1, 6, 5), "event is above total at position 1"),
            ((1, 4, 3, 5), r"drug \+ event - n11 is above total at position 1"),
            ((1, 1, 1, 3_000_000_001), "total is above 3000000000 at position 1"),
        ],
    )
    def test_an_impossible_table_is_refused_by_name(
        self, margins: tuple[int, int, int, int], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            Tables.from_tables([Table(1, 1, 1, 5), Table(*margins)])

    def test_fractions_of_cases_are_refused(self) -> None:
        with pytest.raises(ValueError, match="n11 is not of integers"):
            Tables.of([0.5], [1], [1], [1])

    def test_numbers_beyond_64_bits_are_refused(self) -> None:
        with pytest.raises(ValueError, match="total is too great"):
            Tables.of([1], [1], [1], np.array([2**63], dtype=np.uint64))

    def test_arrays_of_different_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match="differ in length"):
            Tables.of([1, 1], [1], [1], [5])

    def test_matrices_are_refused(self) -> None:
        with pytest.raises(ValueError, match="2 dimensions"):
            Tables.of([[1]], [[1]], [[1]], [[5]])

    @pytest.mark.parametrize("expected", [-1.0, math.nan, math.inf])
    def test_an_expectation_that_is_no_number_of_cases_is_refused(self, expected: float) -> None:
        with pytest.raises(ValueError, match="expected is negative or not finite"):
            information_component(np.array([1]), np.array([expected]))

    def test_a_posterior_without_a_prior_is_refused(self) -> None:
        with pytest.raises(ValueError, match="shrinkage"):
            information_component(np.array([1]), np.array([1.0]), shrinkage=0.0)

    def test_no_pairs_give_no_estimates(self) -> None:
        assert [len(estimates) for estimates in score(Tables.from_tables([])).values()] == [0] * 4

    def test_a_billion_cases_do_not_overflow(self) -> None:
        margins = (400_000_000, 500_000_000, 600_000_000, 1_000_000_000)
        assert close(one(prr, *margins).estimate, 2.0)
        assert close(one(ror, *margins).estimate, 6.0)
        assert close(one(ic, *margins).estimate, math.log2(4 / 3), 1e-8)
        expected = 1e9 * (1e17 - 5e8) ** 2 / (25e16 * 24e16)
        assert close(one(chi2, *margins).estimate, expected)


def reference_files() -> list[Path]:
    """The outputs of pvda, where the reference data are at hand."""
    root = os.environ.get("ADEWATCH_DATA_DIR")
    folder = Path(root) / "signal_reference" / "pvda" if root else Path()
    return sorted(folder.glob("*_da_*12digits.csv")) if root else []


def test_reference_package_agrees_on_every_pair() -> None:
    for path in reference_files():
        with path.open(encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        columns = ("obs", "n_drug", "n_event", "n_tot")
        tables = Tables.of(*([int(row[column]) for row in rows] for column in columns))
        for name in ("prr", "ror", "ic"):
            compare(path.name, name, score(tables)[name], rows)


def compare(file: str, name: str, found: Estimates, rows: list[Row]) -> None:
    compared = 0
    for index, row in enumerate(rows):
        measure = found.measure(index)
        if measure.flag is not MeasureFlag.DEFINED or row[name] in ("", "NA"):
            # pvda corrects no zero cells and leaves pairs of few cases out.
            continue
        for value, column in (
            (measure.lower, f"{name}2.5"),
            (measure.estimate, name),
            (measure.upper, f"{name}97.5"),
        ):
            assert close(value, float(row[column])), (file, column, index)
        compared += 1
    assert compared
