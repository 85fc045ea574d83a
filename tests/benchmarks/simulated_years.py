"""The simulated years of the surveillance benchmark, and looking at them by rule.

Null years have one stratum, no disease and no cause; mixed years have strata and diseases that
confound; causal years are mixed ones with five planted causes. Seeds count up from 0, and one seed
gives the same year to every rule: a year is simulated once, for all that look at it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from multiprocessing import get_context

import numpy as np

from services.core.disproportionality import IC, PRR, ROR
from services.core.ebgm import EBGM, Prior
from services.core.ebgm_fit import Fit, fit
from services.core.ebgm_likelihood import Points
from services.core.engine import Search
from services.core.estimates import Field
from services.core.rules import Rule, bounded, preset
from services.core.sequential import MAXSPRT, boundary
from services.core.signal_contracts import Boundary
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

DRUGS, EVENTS, ALPHA, HORIZON, MONTH = 30, 25, 0.05, 2000.0, 30
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


class Kind(StrEnum):
    """What can be found in a year."""

    NULL = "null"
    MIXED = "mixed"
    CAUSAL = "causal"


STREAMS: Mapping[Kind, Stream] = {Kind.NULL: NULL, Kind.MIXED: MIXED, Kind.CAUSAL: CAUSAL}


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

    def looks(self, stream: Stream, notes: Notes, *, every_days: int = 1, search: Search) -> Alarms:
        """What it says in a year."""
        return watch(
            stream,
            notes,
            self.rule,
            every_days=every_days,
            stratified=self.stratified,
            search=search,
        )


def watchers(names: Iterable[str], *, horizon: float = HORIZON) -> list[Watcher]:
    """Each rule alone, bounded, and bounded against stratified expectations.

    Args:
        names: of the rules.
        horizon: of the boundaries, in expected cases of a pair; finding them takes its square.
    """
    made = []
    for name in names:
        rule, measure = preset(name), RANKED_BY[name]
        strict = bounded(rule, _boundary(rule.minimum_cases, horizon))
        made += [
            Watcher(rule, rule.name, measure, Field.LOWER, False, False),
            Watcher(strict, strict.name, MAXSPRT, Field.ESTIMATE, False, True),
            Watcher(strict, f"{strict.name}/strata", MAXSPRT, Field.ESTIMATE, True, True),
        ]
    return made


@lru_cache
def _boundary(minimum_cases: int, horizon: float) -> Boundary:
    return boundary(alpha=ALPHA, pairs=DRUGS * EVENTS, horizon=horizon, minimum_cases=minimum_cases)


@dataclass(frozen=True, slots=True)
class Year:
    """A year to be simulated, and who looks at it."""

    kind: Kind
    seed: int
    watchers: tuple[Watcher, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one watcher said in one year.

    Attributes:
        false: false pairs of its daily looks.
        daily, monthly: days from onset to detection of each planted pair, inf if never.
        area: under the curve of its ranking; None where nothing is planted.
    """

    false: int
    daily: tuple[float, ...] = ()
    monthly: tuple[float, ...] = ()
    area: float | None = None


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


def years_of(
    watching: Sequence[Watcher], *, null_years: int, years: int, ebgm_years: int
) -> list[Year]:
    """The years that are needed, those that take longest first."""

    def wanted(watcher: Watcher, kind: Kind) -> int:
        if watcher.over_ebgm:
            return ebgm_years
        return null_years if watcher.controlled and kind is Kind.NULL else years

    made = []
    for seed in range(max(null_years, years, ebgm_years)):
        for kind in Kind:
            looking = tuple(one for one in watching if seed < wanted(one, kind))
            if looking:
                made.append(Year(kind, seed, looking))
    return made


def outcomes_of(
    watching: Sequence[Watcher],
    years: Sequence[Year],
    *,
    processes: int,
    report: Callable[[int], None] = lambda done: None,
) -> list[tuple[Watcher, Outcome]]:
    """Look at all years; the number of processes changes nothing but the time.

    Args:
        watching: who looks.
        years: from `years_of`.
        processes: years that are looked at side by side.
        report: told how many years are done.
    """
    seen: defaultdict[tuple[str, Kind], list[Seen]] = defaultdict(list)
    for done, (year, found) in enumerate(zip(years, _looked(years, processes), strict=True), 1):
        for watcher, one in zip(year.watchers, found, strict=True):
            seen[watcher.label, year.kind].append(one)
        report(done)
    outcomes = []
    for watcher in watching:
        null, mixed, causal = (seen[watcher.label, kind] for kind in Kind)
        outcome = Outcome(
            false_null=tuple(one.false for one in null),
            false_mixed=tuple(one.false for one in mixed),
            daily=tuple(days for one in causal for days in one.daily),
            monthly=tuple(days for one in causal for days in one.monthly),
            areas=tuple(one.area for one in causal if one.area is not None),
        )
        outcomes.append((watcher, outcome))
    return outcomes


def look(year: Year) -> list[Seen]:
    """What each watcher of a year says in it."""
    stream = STREAMS[year.kind]
    notes = simulate(stream, np.random.default_rng(year.seed))
    _check_horizon(year, stream, notes)
    search = Remembered()
    said: dict[tuple[str, bool], Seen] = {}
    for watcher in year.watchers:
        # Of one stratum both expectations are the same, and so is what is said.
        key = watcher.rule.name, watcher.stratified and stream.strata > 1
        if key not in said:
            said[key] = _seen(watcher, stream, notes, search)
    return [said[one.rule.name, one.stratified and stream.strata > 1] for one in year.watchers]


class Remembered:
    """Searches for the prior of EBGM, each made once.

    Rules that look at one year ask for the same fits, and these are by far the slowest step.
    """

    def __init__(self) -> None:
        self._fits: dict[tuple[bytes, bytes, bytes, Prior | None], Fit] = {}

    def __call__(self, points: Points, warm: Prior | None) -> Fit:
        """What `fit` finds."""
        key = (points.n.tobytes(), points.expected.tobytes(), points.weight.tobytes(), warm)
        if key not in self._fits:
            self._fits[key] = fit(points, warm=warm)
        return self._fits[key]


def _looked(years: Sequence[Year], processes: int) -> Iterator[list[Seen]]:
    if processes == 1:
        yield from map(look, years)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(look, years)


def _check_horizon(year: Year, stream: Stream, notes: Notes) -> None:
    """Beyond its horizon a boundary promises nothing; such alarms count all the same."""
    margins = Margins(stream, notes)
    margins.advance(stream.days)
    expected = margins.tables(*np.nonzero(margins.cases())).expected().max()
    if expected > HORIZON:
        print(
            f"{year.kind} year {year.seed}: a pair expects {expected:.0f} cases, "
            f"beyond the horizon of {HORIZON:.0f}",
            file=sys.stderr,
        )


def _seen(watcher: Watcher, stream: Stream, notes: Notes, search: Search) -> Seen:
    daily = watcher.looks(stream, notes, search=search)
    if not stream.planted:
        return Seen(daily.false)
    monthly = watcher.looks(stream, notes, every_days=MONTH, search=search)
    causal = np.zeros((stream.drugs, stream.events), dtype=np.bool_)
    for cause in stream.planted:
        causal[cause.drug, cause.event] = True
    scores = ranking_scores(
        stream, notes, watcher.measure, watcher.field, stratified=watcher.stratified
    )
    return Seen(daily.false, _days(daily), _days(monthly), auc(scores, causal))


def _days(alarms: Alarms) -> tuple[float, ...]:
    return tuple(float("inf") if delay is None else float(delay) for delay in alarms.delays)
