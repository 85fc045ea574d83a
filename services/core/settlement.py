"""From what the standing notes say of a patient to what is original, and to its cases.

Statements are taken in the order in which their notes were written, never in that of arrival:

1. A statement that repeats an earlier note's statement of the same pair is a copy
   (`services.core.copies`); every other one is original.
2. An original that tells as history what an earlier note told of the same pair recalls it. Every
   other original is a report, the first statement of a pair always.
3. Reports of a patient make an episode as long as none is later than the one before it by more
   than the gap. An episode is a case; without a gap a patient has one.
4. A copy belongs to the case of its source, and what recalls to the earliest case of its pair,
   whenever it was written. So both open no case, keep none open, and add no pair to any.

The result is a function of the set of standing statements alone. It is also a fold over time:
what is written from a moment on changes nothing before it. Of what came before, only the
originals matter, so copies need not be read again when a new note arrives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType

from services.core import identity
from services.core.contracts import Assertion, Pair
from services.core.copies import Place, Told
from services.core.counts import CountDelta, case_delta, combine

Moment = tuple[datetime, str]
"""When a note was written; of notes of one time the key decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A counted relation of a standing note."""

    place: Place
    pair: Pair
    assertion: Assertion
    written_at: datetime
    text: str

    @property
    def moment(self) -> Moment:
        """Its place in time."""
        return (self.written_at, self.place.note_key)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The case a statement belongs to, and the statement it repeats, None for an original."""

    case_key: str
    copy_of: Place | None = None


Verdicts = Mapping[Place, Verdict]
_NOTHING: Verdicts = MappingProxyType({})


def settle(
    person_key: str,
    statements: Iterable[Statement],
    *,
    gap: timedelta | None,
    since: Moment | None = None,
    settled: Verdicts = _NOTHING,
) -> dict[Place, Verdict]:
    """Decide the statements of one patient.

    Args:
        person_key: the patient, all merged identities together.
        statements: all of them, in any order. With `since`, copies before it may be left out.
        gap: the longest time between two reports of one episode; None for no end.
        since: decide only from this moment on; None for everything.
        settled: the verdicts on statements before `since`.

    Returns:
        The verdict on every statement from `since` on.
    """
    ordered = sorted(statements, key=lambda one: (one.moment, one.place))
    open_pairs = {one.pair for one in ordered if since is None or one.moment >= since}
    known = _Known(person_key, gap, open_pairs)
    verdicts: dict[Place, Verdict] = {}
    for moment, of_note in groupby(ordered, key=attrgetter("moment")):
        note = list(of_note)
        if since is not None and moment < since:
            decided = {one.place: settled[one.place] for one in note}
        else:
            decided = known.decide(note)
            verdicts.update(decided)
        known.remember(note, decided)
    return verdicts


class _Known:
    """What the notes of a patient up to a moment come to.

    Args:
        person_key, gap: as in `settle`.
        open_pairs: pairs of which a statement is still to be decided.
    """

    def __init__(
        self, person_key: str, gap: timedelta | None, open_pairs: AbstractSet[Pair]
    ) -> None:
        self._person_key = person_key
        self._gap = gap
        self._open_pairs = open_pairs
        self._told: defaultdict[Pair, Told] = defaultdict(Told)
        self._case_of: dict[Place, str] = {}
        self._earliest: dict[Pair, str] = {}
        self._case_key = ""
        self._last: datetime | None = None

    def decide(self, note: Sequence[Statement]) -> dict[Place, Verdict]:
        """The verdicts on the statements of the next note."""
        verdicts: dict[Place, Verdict] = {}
        for one in note:
            source = self._told[one.pair].source_of(one.text)
            if source is not None:
                verdicts[one.place] = Verdict(self._case_of[source], source)
            elif self._recalls(one):
                verdicts[one.place] = Verdict(self._earliest[one.pair])
            else:
                verdicts[one.place] = Verdict(self._case_of_report(one))
        return verdicts

    def remember(self, note: Sequence[Statement], verdicts: Verdicts) -> None:
        """Go on to the time after a note with these verdicts."""
        originals = [one for one in note if verdicts[one.place].copy_of is None]
        reports = [one for one in originals if not self._recalls(one)]
        if reports:
            self._case_key = verdicts[reports[0].place].case_key
            self._last = reports[0].written_at
        for one in originals:
            case_key = verdicts[one.place].case_key
            self._earliest.setdefault(one.pair, case_key)
            if one.pair in self._open_pairs:
                self._case_of[one.place] = case_key
                self._told[one.pair].add(one.place, one.text)

    def _recalls(self, one: Statement) -> bool:
        return one.assertion is Assertion.HISTORICAL and one.pair in self._earliest

    def _case_of_report(self, one: Statement) -> str:
        """The open case, or a new one if that was silent for too long.

        An episode is named by its first note, which nothing written later can change.
        """
        if self._last is not None and (
            self._gap is None or one.written_at - self._last <= self._gap
        ):
            return self._case_key
        if self._gap is None:
            return self._person_key
        return identity.episode_key(self._person_key, one.place.note_key)


def pairs_of(statements: Iterable[Statement], verdicts: Verdicts) -> dict[str, set[Pair]]:
    """The pairs of each case. Copies have no pair that their source has not."""
    pairs: defaultdict[str, set[Pair]] = defaultdict(set)
    for statement in statements:
        pairs[verdicts[statement.place].case_key].add(statement.pair)
    return dict(pairs)


def change(
    before: Mapping[str, AbstractSet[Pair]], after: Mapping[str, AbstractSet[Pair]]
) -> CountDelta:
    """The change of the counts from one division of pairs into cases to another."""
    nothing: frozenset[Pair] = frozenset()
    return combine(
        case_delta(before.get(case, nothing), after.get(case, nothing))
        for case in before.keys() | after.keys()
    )
