"""Notes as a hospital network would write them: who has which drug and event, and what is true.

A case states one relation of a drug and an event, or two. Its drug depends on its stratum and on
its disease, its event on these two as well, which makes associations that are not causal; planted
pairs are causal from their onset on. Later notes copy the relations forward, and some cases are
withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.core.estimates import Bools, Floats
from services.core.tables import Counts

Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A cause: from `onset_day` on the event is `ratio` times as likely with the drug."""

    drug: int
    event: int
    ratio: float
    onset_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Indication:
    """A disease that is treated with the drug and leads to the event by itself.

    Attributes:
        drug, event: the pair it confounds.
        share: of the cases that have the disease; a case has one at most.
        drug_ratio, event_ratio: how much likelier drug and event are with the disease.
    """

    drug: int
    event: int
    share: float
    drug_ratio: float
    event_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What is simulated.

    Attributes:
        drugs, events, days, cases_per_day: sizes; new cases of a day are Poisson.
        planted: the causes.
        popularity: spread (σ of a log-normal) of how often drugs, and events, are reported.
        sexes, ages, periods: strata are their combinations. Patients of each sex and age group are
            as many; periods cut the days into equal parts.
        confounding: spread (σ of a log-normal) of how much likelier a drug or an event is in one
            stratum than in another; 0 for none.
        indications: diseases.
        second: share of cases with a second relation.
        copies: mean number of later notes that repeat a case's relations.
        withdrawn: share of cases taken back later.
        lag_days: mean days from a case to a copy of it, or to its withdrawal.
    """

    drugs: int
    events: int
    days: int
    cases_per_day: float
    planted: tuple[Planted, ...] = ()
    popularity: float = 0.8
    sexes: int = 1
    ages: int = 1
    periods: int = 1
    confounding: float = 0.0
    indications: tuple[Indication, ...] = ()
    second: float = 0.0
    copies: float = 0.0
    withdrawn: float = 0.0
    lag_days: float = 10.0

    @property
    def strata(self) -> int:
        """Their number."""
        return self.sexes * self.ages * self.periods


@dataclass(frozen=True, slots=True)
class Notes:
    """Statements in order of time; arrays of one length.

    Each states a relation of a case or, where `withdrawal` holds, takes it back for good. A case
    may be stated again and again until then. Its stratum never changes.
    """

    day: Days
    case: Counts
    stratum: Counts
    drug: Counts
    event: Counts
    withdrawal: Bools


def simulate(stream: Stream, random: np.random.Generator) -> Notes:
    """Draw a stream. The same generator state gives the same notes."""
    per_day = random.poisson(stream.cases_per_day, stream.days)
    day = np.repeat(np.arange(stream.days), per_day)
    group = random.integers(0, stream.sexes * stream.ages, len(day))
    stratum = group * stream.periods + day * stream.periods // stream.days
    shares = [indication.share for indication in stream.indications]
    disease = np.searchsorted(np.cumsum(shares), random.random(len(day)), side="right")
    rates = _Rates.of(stream, random)
    case = np.arange(len(day))
    with_second = np.flatnonzero(random.random(len(day)) < stream.second)
    owner = np.concatenate((case, with_second))
    drug = _drawn(rates.drug, stratum[owner] * rates.diseases + disease[owner], random)
    event = np.empty(len(owner), dtype=np.int64)
    # One drug at a time: its causes change the rates of the cases from their onsets on.
    for number in range(stream.drugs):
        of_drug = np.flatnonzero(drug == number)
        event[of_drug] = _events(
            stream, rates, number, owner[of_drug], day, stratum, disease, random
        )
    return _written(stream, random, day, stratum, owner, drug, event)


@dataclass(frozen=True, slots=True)
class _Rates:
    """Relative rates of drugs [strata × diseases, drugs] and of events likewise."""

    drug: Floats
    event: Floats
    diseases: int

    @classmethod
    def of(cls, stream: Stream, random: np.random.Generator) -> _Rates:
        diseases = len(stream.indications) + 1  # the last one is none
        both = []
        for size in (stream.drugs, stream.events):
            popular = random.lognormal(0.0, stream.popularity, size)
            strata = random.lognormal(0.0, stream.confounding, (stream.strata, 1, size))
            both.append(np.repeat(popular * strata, diseases, axis=1))
        drug, event = both
        for number, indication in enumerate(stream.indications):
            drug[:, number, indication.drug] *= indication.drug_ratio
            event[:, number, indication.event] *= indication.event_ratio
        return cls(drug.reshape(-1, stream.drugs), event.reshape(-1, stream.events), diseases)


def _events(
    stream: Stream,
    rates: _Rates,
    drug: int,
    owner: Counts,
    day: Days,
    stratum: Counts,
    disease: Counts,
    random: np.random.Generator,
) -> Counts:
    """Events of the relations of one drug."""
    causes = [cause for cause in stream.planted if cause.drug == drug]
    onsets = sorted({cause.onset_day for cause in causes})
    by_phase = np.repeat(rates.event[np.newaxis], len(onsets) + 1, axis=0)
    for cause in causes:
        by_phase[onsets.index(cause.onset_day) + 1 :, :, cause.event] *= cause.ratio
    phase = np.searchsorted(onsets, day[owner], side="right")
    row = phase * len(rates.event) + stratum[owner] * rates.diseases + disease[owner]
    return _drawn(by_phase.reshape(-1, stream.events), row, random)


def _written(
    stream: Stream,
    random: np.random.Generator,
    day: Days,
    stratum: Counts,
    owner: Counts,
    drug: Counts,
    event: Counts,
) -> Notes:
    """Notes about the relations: the first, its copies, and its withdrawal."""
    lag = np.ceil(random.exponential(stream.lag_days, len(day))).astype(np.int64)
    ends = np.where(random.random(len(day)) < stream.withdrawn, day + lag, stream.days)
    relation = np.arange(len(owner))
    copied = np.repeat(relation, random.poisson(stream.copies, len(owner)))
    copy_lag = np.ceil(random.exponential(stream.lag_days, len(copied))).astype(np.int64)
    about = np.concatenate((relation, copied, relation))
    written = np.concatenate((day[owner], day[owner[copied]] + copy_lag, ends[owner]))
    withdrawal = np.arange(len(about)) >= len(relation) + len(copied)
    # Nobody copies a case that was withdrawn, and nothing is written after the last day.
    kept = (written < stream.days) & (withdrawal | (written < ends[owner[about]]))
    order = np.flatnonzero(kept)
    order = order[np.argsort(written[order], kind="stable")]
    about = about[order]
    return Notes(
        written[order],
        owner[about],
        stratum[owner[about]],
        drug[about],
        event[about],
        withdrawal[order],
    )


def _drawn(rates: Floats, row: Counts, random: np.random.Generator) -> Counts:
    """One column for each row number, drawn by the rates of that row."""
    edges = np.cumsum(rates, axis=1)
    edges /= edges[:, -1:]
    # Rows laid end to end, so that one search serves them all.
    laid = (edges + np.arange(len(edges))[:, np.newaxis]).ravel()
    place = np.searchsorted(laid, row + random.random(len(row)), side="right")
    columns: Counts = np.clip(place - row * rates.shape[1], 0, rates.shape[1] - 1)
    return columns
