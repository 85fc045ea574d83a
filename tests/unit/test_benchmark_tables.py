"""The benchmarks of statistics say what they measured; small sizes, so that this stays quick."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.core.ebgm import EBGM
from services.core.engine import measures
from tests.benchmarks import rescoring, surveillance_simulation
from tests.benchmarks.simulated_years import MIXED, NULL, Outcome, watchers
from tests.benchmarks.surveillance_plots import write_plots

NEVER = float("inf")
OUTCOME = Outcome(
    false_null=(0, 0, 0, 2),
    false_mixed=(1, 0),
    daily=(10.0, 20.0, NEVER),
    monthly=(40.0, NEVER, NEVER),
    areas=(0.9, 1.0),
)


def test_a_row_has_shares_intervals_and_medians_with_those_never_found() -> None:
    watcher = watchers(["evans"])[1]
    said = surveillance_simulation.line(watcher, OUTCOME).split()
    assert said[:2] == ["evans+maxsprt", "1/4"]
    # The exact interval of one in four, and of one in two.
    assert said[2:5] == ["25.0%", "[0.6%,", "80.6%]"]
    assert said[7:10] == ["50.0%", "[1.3%,", "98.7%]"]
    assert said[11:] == ["2/3", "20.0", "1/3", "inf", "0.950"]


def test_every_rule_is_watched_alone_and_with_its_boundary() -> None:
    labels = [watcher.label for watcher in watchers(["umc-ic025", "mhra"])]
    assert labels == [
        "umc-ic025", "umc-ic025+maxsprt", "umc-ic025+maxsprt/strata",
        "mhra", "mhra+maxsprt", "mhra+maxsprt/strata",
    ]  # fmt: skip
    assert [watcher.over_ebgm for watcher in watchers(["umc-ic025", "mhra"])] == [
        *[False] * 3, *[True] * 3,
    ]  # fmt: skip


def test_null_years_have_nothing_to_find_and_nothing_that_confounds() -> None:
    assert (NULL.planted, NULL.indications, NULL.strata) == ((), (), 1)
    assert MIXED.planted == ()
    assert MIXED.strata == 24


def test_plots_are_written(tmp_path: Path) -> None:
    written = write_plots([(watcher, OUTCOME) for watcher in watchers(["ema"])], tmp_path)
    assert [path.name for path in written] == [
        "time_to_detection.png", "false_alarms.png", "auc.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


def test_the_plain_reading_agrees_with_ours() -> None:
    tables = rescoring.simulated(20)
    found = measures(tables, rescoring.PRIOR)
    assert len(found[EBGM]) == 20
    assert rescoring.difference(found, rescoring.plain(tables)) < 1e-6


@pytest.mark.parametrize("pairs", [1, 50])
def test_simulated_tables_are_possible_and_seeded(pairs: int) -> None:
    one, again = rescoring.simulated(pairs), rescoring.simulated(pairs)
    assert one[0] == again[0]
    assert (one.n11 >= 1).all()
