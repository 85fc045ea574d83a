"""The benchmarks of statistics say what they measured; small sizes, so that this stays quick."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from services.core.ebgm import EBGM
from services.core.ebgm_likelihood import points_of
from services.core.engine import measures
from tests.benchmarks import rescoring, simulated_years, surveillance_simulation, vigipy_scores
from tests.benchmarks.simulated_years import (
    CAUSAL,
    MIXED,
    NULL,
    Kind,
    Outcome,
    Remembered,
    Year,
    outcomes_of,
    years_of,
)
from tests.benchmarks.surveillance_plots import write_plots

watchers = partial(simulated_years.watchers, horizon=20.0)
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


def test_the_verdicts_say_what_was_promised_and_what_came() -> None:
    alone, strict, _ = watchers(["evans"])
    [early] = surveillance_simulation.verdicts(alone, OUTCOME)
    assert "daily before monthly for 2 of 3 planted pairs, after it for 0" in early
    assert early.endswith("median lead 30 days")
    false, _ = surveillance_simulation.verdicts(strict, OUTCOME)
    assert "in 25.0% of 4 null years (upper limit 80.6%), at most 5%: exceeded" in false
    quiet = replace(OUTCOME, false_null=(0,) * 1000)
    assert surveillance_simulation.verdicts(strict, quiet)[0].endswith(": kept")
    few = replace(OUTCOME, false_null=(0,) * 10)
    assert surveillance_simulation.verdicts(strict, few)[0].endswith(": kept, too few years")


def test_bounded_rules_get_more_null_years_and_ebgm_fewer_of_all() -> None:
    years = years_of(watchers(["evans", "mhra"]), null_years=3, years=2, ebgm_years=1)
    assert [(year.kind, year.seed, len(year.watchers)) for year in years] == [
        (Kind.NULL, 0, 6), (Kind.MIXED, 0, 6), (Kind.CAUSAL, 0, 6),
        (Kind.NULL, 1, 3), (Kind.MIXED, 1, 3), (Kind.CAUSAL, 1, 3),
        (Kind.NULL, 2, 2),
    ]  # fmt: skip


def test_outcomes_are_gathered_by_watcher(monkeypatch: pytest.MonkeyPatch) -> None:
    short = {
        Kind.NULL: replace(NULL, days=20),
        Kind.MIXED: replace(MIXED, days=20),
        Kind.CAUSAL: replace(
            CAUSAL, days=20, planted=tuple(replace(one, onset_day=5) for one in CAUSAL.planted)
        ),
    }
    monkeypatch.setattr(simulated_years, "STREAMS", short)
    monkeypatch.setattr(simulated_years, "MONTH", 10)
    watching = watchers(["evans"])
    years = years_of(watching, null_years=2, years=1, ebgm_years=1)
    done: list[int] = []
    (_, alone), (_, strict), (_, strata) = outcomes_of(
        watching, years, processes=1, report=done.append
    )
    assert done == [1, 2, 3, 4]
    assert (len(alone.false_null), len(strict.false_null), len(strata.false_null)) == (1, 2, 2)
    assert strict.false_null == strata.false_null  # of one stratum both expectations are the same
    for outcome in (alone, strict, strata):
        assert (len(outcome.daily), len(outcome.monthly), len(outcome.areas)) == (5, 5, 1)
        assert all(d <= m for d, m in zip(outcome.daily, outcome.monthly, strict=True))


def test_a_pair_beyond_the_horizon_is_named_and_the_year_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulated_years, "STREAMS", {Kind.NULL: replace(NULL, days=10)})
    monkeypatch.setattr(simulated_years, "HORIZON", 0.5)
    assert len(simulated_years.look(Year(Kind.NULL, 0, ()))) == 0
    assert "null year 0: a pair expects" in capsys.readouterr().err


def test_a_fit_that_was_made_is_not_made_again() -> None:
    search = Remembered()
    points = points_of(np.arange(1, 4), np.full(3, 0.5))
    first = search(points, None)
    assert search(points_of(np.arange(1, 4), np.full(3, 0.5)), None) is first
    assert search(points, first.prior) is not first


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


@pytest.mark.filterwarnings("ignore")  # of its own imports
def test_vigipy_gives_the_same_scores() -> None:
    tables = rescoring.simulated(200)
    theirs = vigipy_scores.scores(vigipy_scores.container_of(tables), rescoring.PRIOR)
    apart = vigipy_scores.differences(theirs, measures(tables, rescoring.PRIOR))
    assert list(apart) == ["prr", "ror", "ebgm", "eb05", "eb95"]
    assert max(apart["prr"], apart["ror"], apart["ebgm"]) < 1e-6
    assert max(apart["eb05"], apart["eb95"]) < 5e-3


def test_the_target_of_rescoring_is_said() -> None:
    assert rescoring.target(9.9).endswith("2,000,000 pairs in less than 10 s: reached")
    assert rescoring.target(10.0).endswith("missed")


@pytest.mark.parametrize("pairs", [1, 50])
def test_simulated_tables_are_possible_and_seeded(pairs: int) -> None:
    one, again = rescoring.simulated(pairs), rescoring.simulated(pairs)
    assert one[0] == again[0]
    assert (one.n11 >= 1).all()
