"""Numbers of the reference packages, from files that are always at hand.

`reference/caers_openebgm.csv` has all 17,189 pairs of openEBGM's example, equal ones in one row;
`reference/pvda_sample.csv` a sample of pvda's. Where ADEWATCH_DATA_DIR is set, the tests of the
single modules compare the packages' whole outputs as well.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from services.core.disproportionality import ic, information_component, prr, ror
from services.core.ebgm import Prior, cdf, posterior_of, shrunk_ratio
from services.core.ebgm_fit import fit
from services.core.ebgm_likelihood import log_likelihood, points_of, squash
from services.core.estimates import Estimates, Field, Floats
from services.core.signal_contracts import MeasureFlag
from services.core.tables import Counts, Tables

FOLDER = Path(__file__).parent / "reference"
REPORTS = 3356  # of the CAERS data
# openEBGM 0.9.1: the hyperparameters of its own tests, and those of autoHyper() on all pairs.
FIXED = Prior(alpha1=3.25280367, beta1=0.39983376, alpha2=2.024904, beta2=1.90726819,
              weight=0.06536416)  # fmt: skip
THEIRS = Prior(alpha1=3.25596853094, beta1=0.399990720703, alpha2=2.02375194827,
               beta2=1.90613421722, weight=0.0653075972344)  # fmt: skip

Row = dict[str, str]


def rows_of(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8") as handle:
        return list(csv.DictReader(line for line in handle if not line.startswith("#")))


CAERS = rows_of("caers_openebgm.csv")
PVDA = rows_of("pvda_sample.csv")


def column(name: str) -> Floats:
    return np.array([float(row[name]) for row in CAERS])


def caers() -> tuple[Counts, Floats]:
    return column("n").astype(np.int64), column("margins") / REPORTS


def test_openebgm_scores_all_its_pairs_the_same() -> None:
    n, expected = caers()
    assert column("pairs").sum() == 17_189
    found = shrunk_ratio(n, expected, FIXED)
    assert np.allclose(found.estimate, column("ebgm"), rtol=1e-6, atol=0)
    posterior = posterior_of(n, expected, FIXED)
    for field, name, probability in ((Field.LOWER, "eb05", 0.05), (Field.UPPER, "eb95", 0.95)):
        limits, _ = found.numbers(field)
        assert np.allclose(limits, column(name), rtol=0, atol=1.1e-6)
        assert np.abs(cdf(posterior, limits) - probability).max() <= 1e-6


def test_openebgm_fits_no_better_and_finds_the_same_131_pairs() -> None:
    distinct_n, distinct_expected = caers()
    pairs = column("pairs").astype(np.int64)
    n, expected = np.repeat(distinct_n, pairs), np.repeat(distinct_expected, pairs)
    every_pair = points_of(n, expected)
    found = fit(squash(every_pair))
    assert (found.converged, found.weak, found.agreeing) == (True, False, 5)
    whole = fit(every_pair, warm=found.prior)
    assert whole.converged
    assert whole.log_likelihood >= log_likelihood(every_pair, THEIRS)
    wanted = column("eb05_own_fit") >= 2
    for prior in (found.prior, whole.prior):
        lower, _ = shrunk_ratio(distinct_n, distinct_expected, prior).numbers(Field.LOWER)
        assert ((lower >= 2) == wanted).all()
    assert pairs[wanted].sum() == 131


@pytest.mark.parametrize(
    ("name", "measure", "compared"), [("ic", ic, 320), ("prr", prr, 150), ("ror", ror, 150)]
)
@pytest.mark.parametrize("of", ["all", "group-0", "group-1", "tiny"])
def test_pvda_computes_the_same_to_nine_digits(
    name: str, measure: Callable[[Tables], Estimates], compared: int, of: str
) -> None:
    rows = [row for row in PVDA if row["of"] == of]
    columns = (column_of(rows, margin) for margin in ("n11", "drug", "event", "total"))
    found = measure(Tables.of(*columns))
    agreed = 0
    for index, row in enumerate(rows):
        one = found.measure(index)
        if one.flag is not MeasureFlag.DEFINED or row[name] in ("", "NA", "Inf"):
            # pvda corrects no zero cells, and leaves pairs of few cases out by default.
            continue
        for value, side in ((one.lower, "_lower"), (one.estimate, ""), (one.upper, "_upper")):
            assert value is not None
            assert math.isclose(value, float(row[f"{name}{side}"]), rel_tol=1e-9, abs_tol=1e-9)
        agreed += 1
    assert agreed
    if of == "all":
        assert agreed >= min(compared, len(rows)) * 0.9


def column_of(rows: list[Row], name: str) -> list[int]:
    return [int(row[name]) for row in rows]


@pytest.mark.parametrize(
    ("observed", "expected", "wanted"),
    [(20, 10.0, (0.2639, 0.9652, 1.5280)), (5, 1.0, (0.3470, 1.8745, 2.8692))],
)
def test_noren_publishes_the_same(
    observed: int, expected: float, wanted: tuple[float, float, float]
) -> None:
    one = information_component(np.array([observed]), np.array([expected])).measure(0)
    assert (one.lower, one.estimate, one.upper) == pytest.approx(wanted, abs=5e-5)
