"""Adjustment for strata: textbook figures, one stratum, confounding, and a reference package."""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from services.core.contracts import Table
from services.core.disproportionality import prr, ror
from services.core.estimates import Estimates, Field
from services.core.signal_contracts import MeasureFlag
from services.core.stratified import (
    collapse,
    expected,
    mantel_haenszel_prr,
    mantel_haenszel_ror,
)
from services.core.tables import Tables


def stratum(*cells: tuple[int, int, int, int]) -> Tables:
    return Tables.from_tables([Table(a, a + b, a + c, a + b + c + d) for a, b, c, d in cells])


# Admissions to Berkeley in 1973 by department: admitted and rejected men, admitted and rejected
# women. R 4.2, mantelhaen.test(UCBAdmissions): 0.9046968, 95% interval 0.7719074 to 1.0603298.
BERKELEY = [
    stratum((512, 313, 89, 19)),
    stratum((353, 207, 17, 8)),
    stratum((120, 205, 202, 391)),
    stratum((138, 279, 131, 244)),
    stratum((53, 138, 94, 299)),
    stratum((22, 351, 24, 317)),
]


def test_common_odds_ratio_of_a_textbook() -> None:
    found = mantel_haenszel_ror(BERKELEY).measure(0)
    assert found.estimate == pytest.approx(0.9046968, abs=5e-8)
    assert found.lower == pytest.approx(0.7719074, abs=5e-8)
    assert found.upper == pytest.approx(1.0603298, abs=5e-8)


def test_common_ratio_of_proportions_by_hand() -> None:
    first, second = (10, 90, 20, 880), (30, 70, 40, 160)
    r = 10 * 900 / 1000 + 30 * 200 / 300
    s = 20 * 100 / 1000 + 40 * 100 / 300
    spread = (100 * 900 * 30 - 10 * 20 * 1000) / 1000**2 + (100 * 200 * 70 - 30 * 40 * 300) / 300**2
    width = np.exp(1.959963984540054 * np.sqrt(spread / (r * s)))
    found = mantel_haenszel_prr([stratum(first), stratum(second)]).measure(0)
    assert found.estimate == pytest.approx(r / s)
    assert found.lower == pytest.approx(r / s / width)
    assert found.upper == pytest.approx(r / s * width)


def test_one_stratum_gives_the_plain_measures() -> None:
    tables = stratum((10, 90, 20, 880), (3, 4, 5, 6), (400, 1, 2, 3000))
    for adjusted, plain in (
        (mantel_haenszel_prr([tables]), prr(tables)),
        (mantel_haenszel_ror([tables]), ror(tables)),
    ):
        for field in Field:
            assert np.allclose(adjusted.numbers(field)[0], plain.numbers(field)[0], rtol=1e-12)


def test_a_confounded_association_disappears() -> None:
    # Within each stratum drug and event are independent; together they are not.
    young, old = stratum((1, 99, 9, 891)), stratum((450, 450, 50, 50))
    assert prr(collapse([young, old])).estimate[0] > 5
    for measure in (mantel_haenszel_prr, mantel_haenszel_ror):
        assert measure([young, old]).estimate[0] == pytest.approx(1.0)
    assert expected([young, old])[0] == pytest.approx(451.0)


def test_a_stratum_without_cases_changes_nothing() -> None:
    tables, nothing = stratum((10, 90, 20, 880)), stratum((0, 0, 0, 0))
    assert expected([tables, nothing])[0] == expected([tables])[0]
    for measure in (mantel_haenszel_prr, mantel_haenszel_ror):
        assert measure([tables, nothing]).measure(0) == measure([tables]).measure(0)


@pytest.mark.parametrize("measure", [mantel_haenszel_prr, mantel_haenszel_ror])
def test_zero_sums_are_explicit(
    measure: Callable[[Sequence[Tables]], Estimates],
) -> None:
    tables = stratum((0, 5, 5, 90), (4, 5, 0, 90), (0, 5, 0, 90), (0, 0, 0, 0))
    found = [measure([tables]).measure(index) for index in range(4)]
    assert [one.flag for one in found] == [
        MeasureFlag.UNDEFINED,
        MeasureFlag.INFINITE,
        MeasureFlag.UNDEFINED,
        MeasureFlag.UNDEFINED,
    ]
    assert [one.estimate for one in found] == [0.0, None, None, None]
    assert {(one.lower, one.upper) for one in found} == {(None, None)}


def test_collapsing_adds_the_strata_up() -> None:
    together = collapse([stratum((1, 2, 3, 4)), stratum((5, 6, 7, 8))])
    assert together[0] == Table(6, 14, 16, 36)


@pytest.mark.parametrize("wrong", [[], [stratum((1, 2, 3, 4)), stratum()]])
def test_strata_that_do_not_match_are_refused(wrong: list[Tables]) -> None:
    for function in (collapse, expected, mantel_haenszel_prr, mantel_haenszel_ror):
        with pytest.raises(ValueError, match="strat"):
            function(wrong)


def reference_folder() -> list[Path]:
    """openEBGM's caers data, where the reference data are at hand."""
    root = os.environ.get("ADEWATCH_DATA_DIR")
    folder = Path(root) / "signal_reference" / "openEBGM" if root else Path()
    return [folder] if root and folder.is_dir() else []


def test_reference_package_expects_the_same_by_strata() -> None:
    for folder in reference_folder():
        with (folder / "caers.csv").open(encoding="utf-8") as handle:
            reports = {(r["id"], r["var1"], r["var2"], r["strat1"]) for r in csv.DictReader(handle)}
        wanted_by_pair = {}
        with (folder / "caers_processRaw_stratified_by_strat1_digits12.csv").open(
            encoding="utf-8"
        ) as handle:
            for row in csv.DictReader(handle):
                wanted_by_pair[row["var1"], row["var2"]] = float(row["E"])
        pairs = list(wanted_by_pair)
        strata = [
            counted([(i, d, e) for i, d, e, sex in reports if sex == name], pairs)
            for name in sorted({sex for *_, sex in reports})
        ]
        wanted = np.array([wanted_by_pair[pair] for pair in pairs])
        assert len(pairs) == 17_189
        assert np.allclose(expected(strata), wanted, rtol=1e-9, atol=1e-12)


def counted(reports: list[tuple[str, str, str]], pairs: list[tuple[str, str]]) -> Tables:
    """Tables of the pairs in one stratum, of distinct reports."""
    drugs: defaultdict[str, set[str]] = defaultdict(set)
    events: defaultdict[str, set[str]] = defaultdict(set)
    for report, drug, event in reports:
        drugs[drug].add(report)
        events[event].add(report)
    n11 = Counter((drug, event) for _, drug, event in reports)
    total = len({report for report, _, _ in reports})
    return Tables.from_tables(
        [
            Table(n11[drug, event], len(drugs[drug]), len(events[event]), total)
            for drug, event in pairs
        ]
    )
