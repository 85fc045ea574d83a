"""Ω of two drugs and an event: by hand, and where a group is empty."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import gamma

from services.core.interaction import Trios, expected_with_both, omega
from services.core.signal_contracts import MeasureFlag

CELLS = ("both", "first", "second", "neither")


def trio(**changed: int) -> Trios:
    """Itraconazole, oral contraceptives and delayed bleeding: Norén et al. 2008, table II."""
    cells = {
        "both": 23,
        "first": 16,
        "second": 1466,
        "neither": 3998,
        "both_event": 10,
        "first_event": 0,
        "second_event": 9,
        "neither_event": 20,
    }
    return Trios.of(**{name: [number] for name, number in (cells | changed).items()})


def test_by_hand() -> None:
    neither, second = 20 / 3978, 9 / 1457
    odds = max(neither, 0.0) + max(neither, second) - neither
    expected = 23 * (1 - 1 / (odds + 1))
    assert expected_with_both(trio())[0] == pytest.approx(expected, rel=1e-12)
    found = omega(trio()).measure(0)
    assert found.estimate == pytest.approx(math.log2(10.5 / (expected + 0.5)))
    posterior = gamma(10.5, scale=1 / (expected + 0.5))
    assert found.lower == pytest.approx(math.log2(posterior.ppf(0.025)))
    assert found.upper == pytest.approx(math.log2(posterior.ppf(0.975)))
    assert found.lower is not None
    assert found.lower > 0


def test_risks_add_up() -> None:
    made = trio(first=100, first_event=50, second=100, second_event=50, neither_event=0)
    assert expected_with_both(made)[0] == pytest.approx(23 * (1 - 1 / 3))


def test_a_protective_drug_counts_as_none() -> None:
    protective = trio(first=1000, first_event=0, second=1000, second_event=0)
    assert expected_with_both(protective)[0] == pytest.approx(23 * 20 / 3998)


def test_drugs_may_change_places() -> None:
    one = trio(first=40, first_event=4)
    other = trio(first=1466, first_event=9, second=40, second_event=4)
    assert omega(one).measure(0) == omega(other).measure(0)


def test_a_group_whose_cases_all_have_the_event_explains_everything() -> None:
    made = trio(first=16, first_event=16)
    assert expected_with_both(made)[0] == 23
    assert omega(made).measure(0).flag is MeasureFlag.DEFINED


def test_empty_groups_are_ordinary() -> None:
    made = trio(both=0, both_event=0, first=0, second=0, second_event=0)
    assert omega(made).measure(0).estimate == 0.0


def test_without_a_background_it_is_undefined() -> None:
    found = omega(trio(neither=0, neither_event=0)).measure(0)
    assert found.flag is MeasureFlag.UNDEFINED
    assert (found.estimate, found.lower, found.upper) == (None, None, None)


def test_no_number_is_nan() -> None:
    numbers = np.array(np.meshgrid(*[[0, 1, 7]] * 4)).reshape(4, -1)
    columns = dict(zip(CELLS, numbers, strict=True))
    for share in (0.0, 0.5, 1.0):
        events = {f"{name}_event": (share * column).astype(int) for name, column in columns.items()}
        found = omega(Trios.of(**columns, **events))
        for values in (found.estimate, found.lower, found.upper):
            assert values is not None
            assert not np.isnan(values).any()


@pytest.mark.parametrize("name", CELLS)
def test_more_events_than_cases_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}_event is above {name} at position 0"):
        trio(**{name: 1, f"{name}_event": 2})


def test_negative_cells_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="first is negative"):
        trio(first=-1)
