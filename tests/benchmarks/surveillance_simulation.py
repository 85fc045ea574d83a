"""How soon, and how falsely, rules alarm in simulated years of surveillance.

    python -m tests.benchmarks.surveillance_simulation [--null-years 240] [--years 20]
        [--ebgm-years 1] [--rules evans umc-ic025] [--plots FOLDER]

For each rule, alone and with the sequential boundary (against crude expectations, and against
those summed over strata), prints a table, and draws it, of

- false alarms of daily looks over years without any cause: the share of years with one (the whole
  family of pairs) with its exact 95% interval, and false pairs a year; first with one stratum and
  no disease ("null"), then with strata and diseases that confound ("mixed");
- detection of planted pairs in mixed years, by daily looks and by a review every 30 days with the
  same rule: pairs found, and median days after onset with those not found counted as never;
- the area under the curve of the ranking at the end of those years, by the lower limit of the
  rule's measure, or by the MaxSPRT where the boundary is on.

Null years are looked at by the bounded rules only beyond the first `--years`: unbounded ones alarm
falsely every year. Rules over EBGM fit at every look that moved the table; they get `--ebgm-years`.
The boundary controls the family-wise error over all pairs by Bonferroni for a horizon that no pair
exceeds (checked in each year).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

from scipy.stats import binomtest

from tests.benchmarks.simulated_years import RANKED_BY, Outcome, Watcher, outcome_of, watchers
from tests.benchmarks.surveillance_plots import write_plots

PLOTS = Path(".adewatch/surveillance")


def main() -> None:
    """Print the table and draw it."""
    parser = argparse.ArgumentParser(description="Simulated years of surveillance, by rule")
    parser.add_argument("--null-years", type=int, default=240, help="for rules with a boundary")
    parser.add_argument("--years", type=int, default=20, help="of every other kind")
    parser.add_argument("--ebgm-years", type=int, default=1, help="of every kind, over EBGM")
    parser.add_argument("--rules", nargs="+", choices=list(RANKED_BY), default=list(RANKED_BY))
    parser.add_argument("--plots", type=Path, default=PLOTS, help="folder for the pictures")
    arguments = parser.parse_args()
    wall, processor = time.perf_counter(), time.process_time()
    print(heading())
    results = []
    for watcher in watchers(arguments.rules):
        if watcher.over_ebgm:
            null_years = years = arguments.ebgm_years
        else:
            years = arguments.years
            null_years = arguments.null_years if watcher.controlled else years
        outcome = outcome_of(watcher, null_years=null_years, years=years)
        results.append((watcher, outcome))
        print(line(watcher, outcome), flush=True)
    print(f"{time.perf_counter() - wall:.0f} s, {time.process_time() - processor:.0f} s of cpu")
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


def _false(years: Sequence[int]) -> str:
    wrong = sum(count > 0 for count in years)
    limits = binomtest(wrong, len(years)).proportion_ci(method="exact")
    share = f"{wrong / len(years):.1%} [{limits.low:.1%}, {limits.high:.1%}]"
    return f"{wrong:>5}/{len(years):<3}{share:>23}{mean(years):>9.2f}"


def _found(delays: Sequence[float]) -> str:
    found = sum(delay != float("inf") for delay in delays)
    return f"{found:>5}/{len(delays):<3}{median(delays):>7.1f}"


if __name__ == "__main__":
    main()
