"""Strata, series over time, masking and trios, counted from the cases themselves.

Every function reads the cases once; memory grows with what is counted, not with their number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from services.core.contracts import Pair
from services.core.counts import CountDelta, case_delta
from services.core.interaction import Trios
from services.core.statistics_ports import Case
from services.core.tables import Tables
from services.core.trend import Rise, sudden_rise

AGE_GROUPS = ((2, "0-1"), (12, "2-11"), (18, "12-17"), (45, "18-44"), (65, "45-64"), (75, "65-74"))
"""Upper ends (exclusive, in years) and names of the age groups of VigiBase, the two of the first
two years as one."""

OLDEST, UNKNOWN = "75+", "unknown"

_NONE: frozenset[Pair] = frozenset()
_Key = TypeVar("_Key")


class Stratum(StrEnum):
    """By what cases can be divided."""

    SEX = "sex"
    AGE = "age"
    PERIOD = "period"


def age_group(age_years: int | None) -> str:
    """The name of the age group."""
    if age_years is None:
        return UNKNOWN
    return next((name for end, name in AGE_GROUPS if age_years < end), OLDEST)


def stratum_of(case: Case, by: Sequence[Stratum]) -> tuple[str, ...]:
    """Where a case belongs: one name for each kind of stratum. Its period is its first year."""
    names = {
        Stratum.SEX: case.sex.value,
        Stratum.AGE: age_group(case.age_years),
        Stratum.PERIOD: str(case.first_at.year),
    }
    return tuple(names[one] for one in by)


def stratified_counts(
    cases: Iterable[Case], by: Sequence[Stratum]
) -> dict[tuple[str, ...], CountDelta]:
    """The counts of each stratum that has a case, in order of the names.

    They add up to the counts of the record: every case is in one stratum.
    """
    totals: defaultdict[tuple[str, ...], Total] = defaultdict(Total)
    for case in cases:
        totals[stratum_of(case, by)].add(case_delta(_NONE, frozenset(case.pairs)))
    return {name: totals[name].counts() for name in sorted(totals)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A pair over calendar time.

    Attributes:
        months: as YYYY-MM, without gaps from the first case of the universe to the last, shape [t].
        to_date: tables of the pair at the end of each month.
        volume: pairs of cases (of any drug and event) that were new in the month, shape [t].
        rise: a sudden rise of the pair's share of the volume, None if there is none.
    """

    months: tuple[str, ...]
    to_date: Tables
    volume: NDArray[np.int64]
    rise: Rise | None


def series(cases: Iterable[Case], pair: Pair) -> Series:
    """Follow a pair from month to month.

    A pair of a case belongs to the month of its first note. The exposure against which a rise is
    tested is the volume: every case of the pair is part of it.

    Raises:
        ValueError: there is no case.
    """
    changes = _changes_by_month(cases)
    running = Total()
    tables, volume = [], []
    months = _months(changes)
    for month in months:
        new = changes.get(month)
        if new is not None:
            running.add(new.counts())
        tables.append(running.counts().table(pair))
        volume.append(0 if new is None else new.pairs.total())
    to_date, exposure = Tables.from_tables(tables), np.array(volume, dtype=np.int64)
    return Series(
        months=tuple(f"{year:04}-{month:02}" for year, month in months),
        to_date=to_date,
        volume=exposure,
        rise=_rise(np.diff(to_date.n11, prepend=0), exposure),
    )


def _changes_by_month(cases: Iterable[Case]) -> dict[tuple[int, int], Total]:
    """What each month changed: a case enters with its first pairs and may gain others later."""
    changes: defaultdict[tuple[int, int], Total] = defaultdict(Total)
    for case in cases:
        by_month: defaultdict[tuple[int, int], set[Pair]] = defaultdict(set)
        for pair, at in case.pairs.items():
            by_month[at.year, at.month].add(pair)
        before = _NONE
        for month in sorted(by_month):
            after = before | by_month[month]
            changes[month].add(case_delta(before, after))
            before = after
    return changes


def _months(changes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """All months from the first to the last."""
    numbers = [year * 12 + month - 1 for year, month in changes]
    if not numbers:
        raise ValueError("there is no case")
    return [(number // 12, number % 12 + 1) for number in range(min(numbers), max(numbers) + 1)]


def _rise(new: NDArray[np.int64], volume: NDArray[np.int64]) -> Rise | None:
    """The rise, by position among all months; months without any case say nothing."""
    spoken = np.flatnonzero(volume)
    if len(spoken) < 2:
        return None
    found = sudden_rise(new[spoken], volume[spoken].astype(np.float64))
    if found is None:
        return None
    return Rise(
        period=int(spoken[found.period]),
        rate_ratio=found.rate_ratio,
        log_likelihood_ratio=found.log_likelihood_ratio,
        p_value=found.p_value,
    )


@dataclass(frozen=True, slots=True)
class EventCases:
    """The pairs of one event, with the cases that two of them share.

    Attributes:
        drugs: shape [n]. counts: of the whole record. together: shape [n, n].
    """

    drugs: tuple[str, ...]
    counts: CountDelta
    together: NDArray[np.int64]


def event_cases(cases: Iterable[Case], event: str) -> EventCases:
    """What the masking check of an event needs."""
    shared: Counter[tuple[str, str]] = Counter()
    total = Total()
    for case in cases:
        total.add(case_delta(_NONE, frozenset(case.pairs)))
        drugs = sorted(pair.drug for pair in case.pairs if pair.event == event)
        shared.update((one, other) for one in drugs for other in drugs)
    names = tuple(sorted({drug for drug, _ in shared}))
    place = {name: index for index, name in enumerate(names)}
    together = np.zeros((len(names), len(names)), dtype=np.int64)
    for (one, other), number in shared.items():
        together[place[one], place[other]] = number
    return EventCases(names, total.counts(), together)


def trio(cases: Iterable[Case], first: str, second: str, event: str) -> Trios:
    """One trio of two drugs and an event.

    A case has the event if any of its counted pairs names it, as Ω asks for the drugs taken and
    the event seen and not for what was blamed.
    """
    seen: Counter[tuple[bool, bool, bool]] = Counter()
    for case in cases:
        drugs = {pair.drug for pair in case.pairs}
        events = {pair.event for pair in case.pairs}
        seen[first in drugs, second in drugs, event in events] += 1
    columns = {}
    for name, group in (
        ("both", (True, True)), ("first", (True, False)),
        ("second", (False, True)), ("neither", (False, False)),
    ):  # fmt: skip
        columns[f"{name}_event"] = [seen[(*group, True)]]
        columns[name] = [seen[(*group, True)] + seen[(*group, False)]]
    return Trios.of(**columns)


class Total:
    """Changes of the counts, added up in place."""

    def __init__(self) -> None:
        self.pairs: Counter[Pair] = Counter()
        self._drugs: Counter[str] = Counter()
        self._events: Counter[str] = Counter()
        self._unattributed: Counter[Pair] = Counter()
        self._total = 0

    def add(self, change: CountDelta) -> None:
        """Add one change."""
        _add(self.pairs, change.pairs)
        _add(self._drugs, change.drugs)
        _add(self._events, change.events)
        _add(self._unattributed, change.unattributed)
        self._total += change.total

    def counts(self) -> CountDelta:
        """The sum; it may change with the next addition."""
        return CountDelta(
            pairs=self.pairs,
            drugs=self._drugs,
            events=self._events,
            unattributed=self._unattributed,
            total=self._total,
        )


def _add(total: Counter[_Key], change: Mapping[_Key, int]) -> None:
    for key, number in change.items():
        total[key] += number
