"""How soon, and how falsely, rules alarm in simulated years of surveillance.

    python -m tests.benchmarks.surveillance_simulation [--seeds 20] [--rules evans umc-ic025]

For each rule, alone and with the sequential boundary (against crude expectations, and against
those summed over strata), prints a table of

- false alarms of daily looks over years without any cause: the share of years with one (the whole
  family of pairs), and false pairs a year; first with one stratum and no disease ("null"), then
  with strata and diseases that confound ("mixed");
- detection of planted pairs in mixed years, by daily looks and by a review every 30 days with the
  same rule: pairs found, and median days after onset with those not found counted as never;
- the area under the curve of the ranking at the end of those years, by the lower limit of the
  rule's measure, or by the MaxSPRT where the boundary is on.

The boundary controls the family-wise error over all pairs by Bonferroni: the critical value of each
pair is at ALPHA / (DRUGS · EVENTS), for a horizon of HORIZON expected cases, which no pair exceeds
(checked in each year). Seeds count up from 0, and one seed gives the same year to every rule.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from statistics import mean, median

import numpy as np

from services.core.disproportionality import IC, PRR
from services.core.ebgm import EBGM
from services.core.estimates import Field
from services.core.rules import Rule, bounded, preset
from services.core.sequential import MAXSPRT, critical_value
from services.core.simulation import (
    Indication,
    Margins,
    Notes,
    Planted,
    Stream,
    auc,
    ranking_scores,
    simulate,
    watch,
)

DRUGS, EVENTS, ALPHA, HORIZON, MONTH = 30, 25, 0.05, 1000.0, 30
RANKED_BY = {"evans": PRR, "umc-ic025": IC, "fda-eb05": EBGM}
# One relation for each case: with more, a case is in more margins than it can have pairs blamed,
# expectations are overstated, and any rule is more careful than it seems.
NULL = Stream(drugs=DRUGS, events=EVENTS, days=365, cases_per_day=40, copies=0.5, withdrawn=0.03)
MIXED = replace(
    NULL,
    second=0.2,
    sexes=2,
    ages=3,
    periods=4,
    confounding=0.4,
    indications=(
        Indication(drug=1, event=2, share=0.05, drug_ratio=4.0, event_ratio=4.0),
        Indication(drug=4, event=11, share=0.05, drug_ratio=8.0, event_ratio=8.0),
    ),
)
CAUSAL = replace(
    MIXED,
    planted=tuple(
        Planted(drug=drug, event=event, ratio=ratio, onset_day=onset)
        for drug, event, ratio, onset in (
            (3, 9, 3.0, 100),
            (8, 14, 4.0, 130),
            (12, 6, 5.0, 90),
            (17, 20, 8.0, 150),
            (22, 13, 10.0, 120),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Watcher:
    """A rule, with what it is ranked by and how its boundary expects."""

    rule: Rule
    measure: str
    field: Field
    stratified: bool
    label: str


def watchers(names: list[str]) -> list[Watcher]:
    """Each rule alone, bounded, and bounded against stratified expectations."""
    made = []
    for name in names:
        rule, measure = preset(name), RANKED_BY[name]
        value = critical_value(
            alpha=ALPHA / (DRUGS * EVENTS), horizon=HORIZON, minimum_cases=rule.minimum_cases
        )
        strict = bounded(rule, value)
        made += [
            Watcher(rule, measure, Field.LOWER, False, rule.name),
            Watcher(strict, MAXSPRT, Field.ESTIMATE, False, strict.name),
            Watcher(strict, MAXSPRT, Field.ESTIMATE, True, f"{strict.name}/strata"),
        ]
    return made


def years(stream: Stream, seeds: int) -> list[Notes]:
    """One simulated year for each seed.

    Raises:
        SystemExit: a pair expects more cases than the horizon of the boundary.
    """
    made = [simulate(stream, np.random.default_rng(seed)) for seed in range(seeds)]
    for seed, notes in enumerate(made):
        margins = Margins(stream, notes)
        margins.advance(stream.days)
        expected = margins.tables(*np.nonzero(margins.cases())).expected().max()
        if expected > HORIZON:
            raise SystemExit(f"seed {seed}: a pair expects {expected:.0f} cases, above HORIZON")
    return made


def false_alarms(stream: Stream, notes: list[Notes], watcher: Watcher) -> str:
    """Years with a false alarm, and false pairs a year."""
    false = [
        watch(stream, year, watcher.rule, stratified=watcher.stratified).false for year in notes
    ]
    wrong = sum(count > 0 for count in false)
    return f"{wrong:>5}/{len(false):<4}{wrong / len(false):>5.0%}{mean(false):>8.2f}"


def detection(notes: list[Notes], watcher: Watcher) -> str:
    """Pairs found and median days, by day and by month."""
    columns = []
    for every in (1, MONTH):
        delays = [
            delay
            for year in notes
            for delay in watch(
                CAUSAL, year, watcher.rule, every_days=every, stratified=watcher.stratified
            ).delays
        ]
        middle = median(float("inf") if delay is None else float(delay) for delay in delays)
        found = sum(delay is not None for delay in delays)
        columns.append(f"{found:>6}/{len(delays):<4}{middle:>7.1f}")
    return "".join(columns)


def ranking(notes: list[Notes], watcher: Watcher) -> str:
    """Mean area under the curve."""
    causal = np.zeros((DRUGS, EVENTS), dtype=np.bool_)
    for cause in CAUSAL.planted:
        causal[cause.drug, cause.event] = True
    areas = [
        auc(ranking_scores(CAUSAL, year, watcher.measure, watcher.field), causal) for year in notes
    ]
    return f"{mean(areas):>8.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Simulated years of surveillance, by rule")
    parser.add_argument("--seeds", type=int, default=20, help="simulated years of each kind")
    parser.add_argument("--rules", nargs="+", choices=list(RANKED_BY), default=list(RANKED_BY))
    arguments = parser.parse_args()
    began = time.perf_counter()
    null, mixed, causal = (years(kind, arguments.seeds) for kind in (NULL, MIXED, CAUSAL))
    print(f"{'':<26}{'false, null':>23}{'false, mixed':>23}{'daily':>18}{'monthly':>18}")
    heads = f"{'years':>10}{'':>5}{'pairs/y':>8}" * 2 + f"{'found':>11}{'days':>7}" * 2
    print(f"{'rule':<26}{heads}{'AUC':>8}")
    for watcher in watchers(arguments.rules):
        alarms = false_alarms(NULL, null, watcher) + false_alarms(MIXED, mixed, watcher)
        found = detection(causal, watcher) + ranking(causal, watcher)
        print(f"{watcher.label:<26}{alarms}{found}", flush=True)
    print(f"{arguments.seeds} seeds, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
