"""The simulated years of the surveillance benchmark, and looking at them by rule.

NULL years have one stratum, no disease and no cause; MIXED years have strata and diseases that
confound; CAUSAL years are mixed ones with five planted causes. Seeds count up from 0, and one seed
gives the same year to every rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from services.core.disproportionality import IC, PRR, ROR
from services.core.ebgm import EBGM
from services.core.estimates import Field
from services.core.rules import Rule, bounded, preset
from services.core.sequential import MAXSPRT, boundary
from services.core.simulation import (
    Alarms,
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
RANKED_BY = {"evans": PRR, "ema": ROR, "umc-ic025": IC, "mhra": EBGM, "fda-eb05": EBGM}

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
    """A rule, with what it is ranked by and how its boundary expects.

    Attributes:
        rule: to look by. label: its name in the table.
        measure, field: the number that ranks pairs.
        stratified: whether the boundary takes its expectation by stratum.
        controlled: whether there is a boundary.
    """

    rule: Rule
    label: str
    measure: str
    field: Field
    stratified: bool
    controlled: bool

    @property
    def over_ebgm(self) -> bool:
        """Whether it needs a fit at every look that moved the table: a year takes long."""
        return EBGM in self.rule.measures

    def looks(self, stream: Stream, year: Notes, *, every_days: int = 1) -> Alarms:
        """What it says in a year."""
        return watch(stream, year, self.rule, every_days=every_days, stratified=self.stratified)


def watchers(names: Iterable[str]) -> list[Watcher]:
    """Each rule alone, bounded, and bounded against stratified expectations."""
    made = []
    for name in names:
        rule, measure = preset(name), RANKED_BY[name]
        strict = bounded(
            rule,
            boundary(
                alpha=ALPHA,
                pairs=DRUGS * EVENTS,
                horizon=HORIZON,
                minimum_cases=rule.minimum_cases,
            ),
        )
        made += [
            Watcher(rule, rule.name, measure, Field.LOWER, False, False),
            Watcher(strict, strict.name, MAXSPRT, Field.ESTIMATE, False, True),
            Watcher(strict, f"{strict.name}/strata", MAXSPRT, Field.ESTIMATE, True, True),
        ]
    return made


@lru_cache(maxsize=8)
def year_of(stream: Stream, seed: int) -> Notes:
    """One simulated year.

    Raises:
        SystemExit: a pair expects more cases than the horizon of the boundary.
    """
    notes = simulate(stream, np.random.default_rng(seed))
    margins = Margins(stream, notes)
    margins.advance(stream.days)
    expected = margins.tables(*np.nonzero(margins.cases())).expected().max()
    if expected > HORIZON:
        raise SystemExit(f"seed {seed}: a pair expects {expected:.0f} cases, above HORIZON")
    return notes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a watcher said in years of each kind.

    Attributes:
        false_null, false_mixed: false pairs of each year.
        daily, monthly: days from onset to detection of each planted pair and year, inf if never.
        areas: area under the curve of each causal year.
    """

    false_null: tuple[int, ...]
    false_mixed: tuple[int, ...]
    daily: tuple[float, ...]
    monthly: tuple[float, ...]
    areas: tuple[float, ...]


def outcome_of(watcher: Watcher, *, null_years: int, years: int) -> Outcome:
    """Watch years of every kind."""
    causal = [year_of(CAUSAL, seed) for seed in range(years)]
    return Outcome(
        false_null=_false(watcher, NULL, null_years),
        false_mixed=_false(watcher, MIXED, years),
        daily=_delays(watcher, causal, every_days=1),
        monthly=_delays(watcher, causal, every_days=MONTH),
        areas=tuple(_area(watcher, year) for year in causal),
    )


def _false(watcher: Watcher, stream: Stream, years: int) -> tuple[int, ...]:
    return tuple(watcher.looks(stream, year_of(stream, seed)).false for seed in range(years))


def _delays(watcher: Watcher, years: list[Notes], *, every_days: int) -> tuple[float, ...]:
    return tuple(
        float("inf") if delay is None else float(delay)
        for year in years
        for delay in watcher.looks(CAUSAL, year, every_days=every_days).delays
    )


def _area(watcher: Watcher, year: Notes) -> float:
    causal = np.zeros((DRUGS, EVENTS), dtype=np.bool_)
    for cause in CAUSAL.planted:
        causal[cause.drug, cause.event] = True
    return auc(ranking_scores(CAUSAL, year, watcher.measure, watcher.field), causal)
