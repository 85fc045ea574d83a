"""How soon, and how falsely, rules alarm in simulated years of surveillance.

    python -m tests.benchmarks.surveillance_simulation [--null-years 1000] [--years 20]
        [--ebgm-years 1] [--rules evans umc-ic025] [--processes 2] [--plots FOLDER]

For each rule, alone and with the sequential boundary (against crude expectations, and against
those summed over strata), prints a table, and draws it, of

- false alarms of daily looks over years without any cause: the share of years with one (the whole
  family of pairs) with its exact 95% interval, and false pairs a year; first with one stratum and
  no disease ("null"), then with strata and diseases that confound ("mixed");
- detection of planted pairs in mixed years, by daily looks and by a review every 30 days with the
  same rule: pairs found, and median days after onset with those not found counted as never;
- the area under the curve of the ranking at the end of those years, by the lower limit of the
  rule's measure, or by the MaxSPRT where the boundary is on.

Then it says for each rule with the boundary whether false alarms keep to the level that it
promises, and for each rule how much earlier daily looks are than monthly ones.

Null years are looked at by the bounded rules only beyond the first `--years`: unbounded ones alarm
falsely every year. Rules over EBGM fit at every look that moved the table; they get `--ebgm-years`.
The boundary controls the family-wise error over all pairs by Bonferroni for a horizon that no pair
should exceed; years in which one does are named, and count.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

from scipy.stats import binomtest

from tests.benchmarks.simulated_years import (
    ALPHA,
    RANKED_BY,
    Outcome,
    Watcher,
    outcomes_of,
    watchers,
    years_of,
)
from tests.benchmarks.surveillance_plots import write_plots

PLOTS = Path(".adewatch/surveillance")
REPORT_EVERY = 50


def main() -> None:
    """Print the table and draw it."""
    parser = argparse.ArgumentParser(description="Simulated years of surveillance, by rule")
    parser.add_argument("--null-years", type=int, default=1000, help="for rules with a boundary")
    parser.add_argument("--years", type=int, default=20, help="of every other kind")
    parser.add_argument("--ebgm-years", type=int, default=1, help="of every kind, over EBGM")
    parser.add_argument("--rules", nargs="+", choices=list(RANKED_BY), default=list(RANKED_BY))
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--plots", type=Path, default=PLOTS, help="folder for the pictures")
    arguments = parser.parse_args()
    if min(arguments.null_years, arguments.years, arguments.ebgm_years, arguments.processes) < 1:
        parser.error("years and processes are at least 1")
    started = time.perf_counter()
    watching = watchers(arguments.rules)
    years = years_of(
        watching,
        null_years=arguments.null_years,
        years=arguments.years,
        ebgm_years=arguments.ebgm_years,
    )

    def report(done: int) -> None:
        if done % REPORT_EVERY == 0:
            spent = time.perf_counter() - started
            print(f"{done} of {len(years)} years, {spent:.0f} s", file=sys.stderr, flush=True)

    results = outcomes_of(watching, years, processes=arguments.processes, report=report)
    print(heading())
    for watcher, outcome in results:
        print(line(watcher, outcome))
    for watcher, outcome in results:
        for verdict in verdicts(watcher, outcome):
            print(verdict)
    spent = time.perf_counter() - started
    print(f"{len(years)} years in {spent:.0f} s with {arguments.processes} processes")
    for path in write_plots(results, arguments.plots):
        print(path)


def heading() -> str:
    """The two lines above the table."""
    years = f"{'years':>9}{'share [95%]':>23}{'pairs/y':>9}"
    found = f"{'found':>9}{'days':>7}"
    first = f"{'':<24}{'false, null':>41}{'false, mixed':>41}{'daily':>16}{'monthly':>16}"
    return f"{first}\n{'rule':<24}{years * 2}{found * 2}{'AUC':>7}"


def line(watcher: Watcher, outcome: Outcome) -> str:
    """One row of the table."""
    false = "".join(map(_false, (outcome.false_null, outcome.false_mixed)))
    found = "".join(map(_found, (outcome.daily, outcome.monthly)))
    return f"{watcher.label:<24}{false}{found}{mean(outcome.areas):>7.3f}"


def verdicts(watcher: Watcher, outcome: Outcome) -> list[str]:
    """What is to be shown, and whether it was: false alarms of null years, and the lead of daily
    looks over monthly ones."""
    said = []
    if watcher.controlled:
        wrong, _, high = _share(outcome.false_null)
        share = wrong / len(outcome.false_null)
        kept = "exceeded" if share > ALPHA else "kept" if high <= ALPHA else "kept, too few years"
        said.append(
            f"{watcher.label}: false alarms in {share:.1%} of {len(outcome.false_null)} null years "
            f"(upper limit {high:.1%}), at most {ALPHA:.0%}: {kept}"
        )
    both = list(zip(outcome.daily, outcome.monthly, strict=True))
    leads = [monthly - daily for daily, monthly in both if max(daily, monthly) < float("inf")]
    lead = f"{median(leads):.0f} days" if leads else "unknown"
    said.append(
        f"{watcher.label}: daily before monthly for {sum(d < m for d, m in both)} of {len(both)} "
        f"planted pairs, after it for {sum(d > m for d, m in both)}; median lead {lead}"
    )
    return said


def _share(years: Sequence[int]) -> tuple[int, float, float]:
    """Years with a false alarm, and the exact 95% interval of their share."""
    wrong = sum(count > 0 for count in years)
    limits = binomtest(wrong, len(years)).proportion_ci(method="exact")
    return wrong, float(limits.low), float(limits.high)


def _false(years: Sequence[int]) -> str:
    wrong, low, high = _share(years)
    share = f"{wrong / len(years):.1%} [{low:.1%}, {high:.1%}]"
    return f"{wrong:>5}/{len(years):<3}{share:>23}{mean(years):>9.2f}"


def _found(delays: Sequence[float]) -> str:
    found = sum(delay != float("inf") for delay in delays)
    return f"{found:>5}/{len(delays):<3}{median(delays):>7.1f}"


if __name__ == "__main__":
    main()
