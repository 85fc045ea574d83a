"""A simulated stream of cases with planted causes, and how rules do on it.

Every case has one drug and one event. Both depend on the case's stratum, which makes associations
that are not causal (confounding by indication); planted pairs are causal from their onset on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.core.engine import measures
from services.core.estimates import Floats
from services.core.rules import Rule, passes
from services.core.tables import Counts, Tables

Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A cause: from `onset_day` on the event is `ratio` times as likely with the drug."""

    drug: int
    event: int
    ratio: float
    onset_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What is simulated.

    Attributes:
        drugs, events, days, cases_per_day: sizes; cases of a day are Poisson.
        planted: the causes.
        strata: groups of patients of equal size.
        confounding: spread (σ of a log-normal) of how much likelier a drug or an event is in one
            stratum than in another; 0 for none.
    """

    drugs: int
    events: int
    days: int
    cases_per_day: float
    planted: tuple[Planted, ...] = ()
    strata: int = 1
    confounding: float = 0.0


@dataclass(frozen=True, slots=True)
class Cases:
    """Simulated cases in order of time; arrays of one length."""

    day: Days
    stratum: Counts
    drug: Counts
    event: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """What a rule said.

    Attributes:
        first: day of the first look at which a pair was an SDR, -1 for never; [drugs, events].
        delays: for each planted pair the days from onset to the first look with an alarm, None
            if there was none or it came before the onset.
        false: pairs that are not planted and were an SDR at some look.
    """

    first: Days
    delays: tuple[int | None, ...]
    false: int


def simulate(stream: Stream, random: np.random.Generator) -> Cases:
    """Draw a stream. The same generator state gives the same cases."""
    shape = stream.confounding
    drug_rates = _zipf(stream.drugs) * random.lognormal(0.0, shape, (stream.strata, stream.drugs))
    event_rates = _zipf(stream.events) * random.lognormal(
        0.0, shape, (stream.strata, stream.events)
    )
    per_day = random.poisson(stream.cases_per_day, stream.days)
    day = np.repeat(np.arange(stream.days), per_day)
    stratum = random.integers(0, stream.strata, len(day))
    drug = _drawn(drug_rates, stratum, random)
    event = np.zeros(len(day), dtype=np.int64)
    onsets = sorted({0, stream.days, *(cause.onset_day for cause in stream.planted)})
    for start, end in pairwise(onsets):
        chosen = slice(*np.searchsorted(day, [start, end]))
        rates = np.repeat(event_rates[:, np.newaxis, :], stream.drugs, axis=1)
        for cause in stream.planted:
            if cause.onset_day <= start:
                rates[:, cause.drug, cause.event] *= cause.ratio
        row = stratum[chosen] * stream.drugs + drug[chosen]
        event[chosen] = _drawn(rates.reshape(-1, stream.events), row, random)
    return Cases(day, stratum, drug, event)


def watch(stream: Stream, cases: Cases, rule: Rule, *, every_days: int = 1) -> Alarms:
    """Look at all pairs at the end of every `every_days`-th day, with all cases to date."""
    n11 = np.zeros((stream.drugs, stream.events), dtype=np.int64)
    first = np.full(n11.shape, -1, dtype=np.int64)
    seen = 0
    for look in range(every_days - 1, stream.days, every_days):
        until = int(np.searchsorted(cases.day, look, side="right"))
        np.add.at(n11, (cases.drug[seen:until], cases.event[seen:until]), 1)
        seen = until
        enough = np.nonzero((n11 >= rule.minimum_cases) & (first < 0))
        if not len(enough[0]):
            continue
        tables = Tables.of(
            n11[enough],
            n11.sum(axis=1)[enough[0]],
            n11.sum(axis=0)[enough[1]],
            np.full(len(enough[0]), seen),
        )
        alarmed = passes(rule, tables.n11, measures(tables, None))
        first[enough[0][alarmed], enough[1][alarmed]] = look
    return _alarms(stream.planted, first)


def auc(scores: Floats, causal: NDArray[np.bool_]) -> float:
    """Probability that a causal pair scores above another one, ties counting half.

    Raises:
        ValueError: there is no causal pair, or no other one.
    """
    positive, negative = scores[causal], np.sort(scores[~causal])
    if not len(positive) or not len(negative):
        raise ValueError("auc needs causal and other pairs")
    below = np.searchsorted(negative, positive, side="left")
    not_above = np.searchsorted(negative, positive, side="right")
    return float((below + not_above).sum() / 2 / len(positive) / len(negative))


def _alarms(planted: Sequence[Planted], first: Days) -> Alarms:
    delays: list[int | None] = []
    others = first >= 0
    for cause in planted:
        day = int(first[cause.drug, cause.event])
        delays.append(day - cause.onset_day if day >= cause.onset_day else None)
        others[cause.drug, cause.event] = False
    return Alarms(first=first, delays=tuple(delays), false=int(others.sum()))


def _zipf(size: int) -> Floats:
    rates: Floats = 1.0 / np.arange(2.0, size + 2.0)
    return rates


def _drawn(rates: Floats, row: Counts, random: np.random.Generator) -> Counts:
    """One column for each row number, drawn by the rates of that row."""
    edges = np.cumsum(rates, axis=1)
    edges /= edges[:, -1:]
    # Rows laid end to end, so that one search serves them all.
    laid = (edges + np.arange(len(edges))[:, np.newaxis]).ravel()
    place = np.searchsorted(laid, row + random.random(len(row)), side="right")
    columns: Counts = np.minimum(place - row * rates.shape[1], rates.shape[1] - 1)
    return columns
