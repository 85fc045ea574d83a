"""Simulated years of surveillance: false alarms of families and days to detection, by rule."""

from __future__ import annotations

import os
from statistics import median

import numpy as np
import pytest

from services.core.rules import EMA, EVANS, UMC_IC025, Rule, bounded
from services.core.sequential import critical_value
from services.core.simulation import Planted, Stream, simulate, watch

DRUGS, EVENTS, DAYS, CASES_PER_DAY = 30, 25, 365, 60
ALPHA = 0.05
PLANTED = tuple(
    Planted(drug=drug, event=event, ratio=ratio, onset_day=onset)
    for drug, event, ratio, onset in (
        (3, 9, 3.0, 100),
        (8, 14, 4.0, 130),
        (12, 6, 5.0, 90),
        (17, 20, 8.0, 150),
        (22, 11, 10.0, 120),
    )
)


def rules() -> list[Rule]:
    # The busiest pair expects a tenth of all cases of the year; no pair expects more.
    horizon = 0.1 * DAYS * CASES_PER_DAY
    plain = (EVANS, EMA, UMC_IC025)
    cv = {
        cases: critical_value(alpha=ALPHA / (DRUGS * EVENTS), horizon=horizon, minimum_cases=cases)
        for cases in {rule.minimum_cases for rule in plain}
    }
    return [*plain, *(bounded(rule, cv[rule.minimum_cases]) for rule in plain)]


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
def test_surveillance_by_rule(capsys: pytest.CaptureFixture[str]) -> None:
    years = int(os.environ.get("ADEWATCH_BENCHMARK_YEARS", "4"))
    quiet = Stream(drugs=DRUGS, events=EVENTS, days=DAYS, cases_per_day=CASES_PER_DAY)
    causal = Stream(
        drugs=DRUGS, events=EVENTS, days=DAYS, cases_per_day=CASES_PER_DAY, planted=PLANTED
    )
    lines = [
        f"{'rule':<20}{'families with a false alarm':>30}{'false pairs a year':>20}"
        f"{'found':>10}{'days daily':>12}{'days monthly':>14}"
    ]
    for rule in rules():
        false: list[int] = []
        daily: list[int | None] = []
        monthly: list[int | None] = []
        for year in range(years):
            false.append(watch(quiet, simulate(quiet, np.random.default_rng(year)), rule).false)
            cases = simulate(causal, np.random.default_rng(1000 + year))
            daily += watch(causal, cases, rule).delays
            monthly += watch(causal, cases, rule, every_days=30).delays
        found = [delay for delay in daily if delay is not None]
        late = [delay for delay in monthly if delay is not None]
        lines.append(
            f"{rule.name:<20}{np.mean(np.array(false) > 0):>30.0%}{np.mean(false):>20.2f}"
            f"{len(found):>6}/{len(daily):<3}{_median(found):>12}{_median(late):>14}"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines))


def _median(days: list[int]) -> str:
    return f"{median(days):.0f}" if days else "none"
