"""Margins of all pairs as notes come in, with the meaning of `services.core.counts`, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.core.estimates import Floats
from services.core.simulation.stream import Days, Notes, Stream
from services.core.tables import Counts, Tables

_Places = tuple[NDArray[np.int64], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Signed changes of one array of counts, in order of time.

    Attributes:
        day: shape [n]. sign: +1 or -1, shape [n]. place: indices into the array, each [n].
    """

    day: Days
    sign: Counts
    place: _Places

    def apply(self, array: Counts, start: int, end: int) -> None:
        """Add to the array what the days `start` to `end` - 1 changed."""
        chosen = slice(*np.searchsorted(self.day, [start, end]))
        np.add.at(array, tuple(index[chosen] for index in self.place), self.sign[chosen])


@dataclass(frozen=True, slots=True)
class Changes:
    """What notes change of each array of `Margins`."""

    pairs: Change
    drugs: Change
    events: Change
    unattributed: Change
    total: Change


def changes(notes: Notes) -> Changes:
    """Changes of the numbers of cases; a copy of what a case states already changes nothing."""
    pairs = _once(notes, notes.drug, notes.event)
    return Changes(
        pairs=pairs,
        drugs=_once(notes, notes.drug),
        events=_once(notes, notes.event),
        unattributed=_unattributed(notes),
        total=_once(notes),
    )


class Margins:
    """Numbers of cases by stratum (first axis) up to a day."""

    def __init__(self, stream: Stream, notes: Notes) -> None:
        strata, drugs, events = stream.strata, stream.drugs, stream.events
        self._changes = changes(notes)
        self._until = 0
        self.pairs = np.zeros((strata, drugs, events), dtype=np.int64)
        self.drugs = np.zeros((strata, drugs), dtype=np.int64)
        self.events = np.zeros((strata, events), dtype=np.int64)
        self.unattributed = np.zeros((strata, drugs, events), dtype=np.int64)
        self.total = np.zeros(strata, dtype=np.int64)

    def advance(self, until: int) -> None:
        """Count the notes of all days before `until`, which never goes back."""
        made, start = self._changes, self._until
        made.pairs.apply(self.pairs, start, until)
        made.drugs.apply(self.drugs, start, until)
        made.events.apply(self.events, start, until)
        made.unattributed.apply(self.unattributed, start, until)
        made.total.apply(self.total, start, until)
        self._until = until

    def cases(self) -> Counts:
        """n11 over all strata, shape [drugs, events]."""
        n11: Counts = self.pairs.sum(axis=0)
        return n11

    def tables(self, drug: Counts, event: Counts) -> Tables:
        """Crude tables of n pairs."""
        elsewhere = self.unattributed.sum(axis=0)[drug, event]
        return Tables.of(
            self.cases()[drug, event],
            self.drugs.sum(axis=0)[drug],
            self.events.sum(axis=0)[event] - elsewhere,
            np.full(len(drug), self.total.sum()),
        )

    def stratified_expectation(self, drug: Counts, event: Counts) -> Floats:
        """Σ over strata of n1.·n.1 / n.., shape [n]."""
        margins = self.drugs[:, drug] * (self.events[:, event] - self.unattributed[:, drug, event])
        of_strata = margins / np.maximum(self.total, 1)[:, np.newaxis]
        expected: Floats = of_strata.sum(axis=0)
        return expected


def _once(notes: Notes, *columns: Counts) -> Change:
    """The first note of each case that states, or withdraws, something new in these columns.

    A withdrawal takes back the whole case, so the first one is as good as the last.
    """
    key = notes.case * 2 + notes.withdrawal
    for column in columns:
        key = key * (int(column.max(initial=0)) + 1) + column
    _, first = np.unique(key, return_index=True)
    first.sort()
    return Change(
        notes.day[first],
        np.where(notes.withdrawal[first], -1, 1),
        (notes.stratum[first], *(column[first] for column in columns)),
    )


def _unattributed(notes: Notes) -> Change:
    """Both crosswise pairs of cases with two relations that share neither drug nor event."""
    pairs = np.lexsort((notes.event, notes.drug, notes.withdrawal, notes.case))
    one, other = pairs[:-1], pairs[1:]
    crossing = (
        (notes.case[one] == notes.case[other])
        & (notes.withdrawal[one] == notes.withdrawal[other])
        & (notes.drug[one] != notes.drug[other])
        & (notes.event[one] != notes.event[other])
    )
    # A case has two relations at most, so that sorted by drug they meet at one place only.
    one, other = one[crossing], other[crossing]
    day = _first_day(notes, one)
    order = np.argsort(day, kind="stable")
    one, other, day = one[order], other[order], day[order]
    return Change(
        np.repeat(day, 2),
        np.repeat(np.where(notes.withdrawal[one], -1, 1), 2),
        (
            np.repeat(notes.stratum[one], 2),
            np.stack((notes.drug[one], notes.drug[other]), axis=1).ravel(),
            np.stack((notes.event[other], notes.event[one]), axis=1).ravel(),
        ),
    )


def _first_day(notes: Notes, positions: NDArray[np.intp]) -> Days:
    """The day on which the case of each note was first stated, or first withdrawn."""
    key = notes.case * 2 + notes.withdrawal
    distinct, first = np.unique(key, return_index=True)
    found: Days = notes.day[first[np.searchsorted(distinct, key[positions])]]
    return found
