"""From what the standing notes say of a patient to what is original, and to its cases.

Statements are taken in the order in which their notes were written, never in that of arrival:

1. A statement that repeats an earlier note's statement of the same pair is a copy
   (`services.core.copies`); every other one is original.
2. Originals of a patient make an episode as long as none is later than the one before it by more
   than the gap. An episode is a case; without a gap a patient has one.
3. A copy belongs to the case of its source, whenever it was written. So it opens no case, keeps
   none open, and adds no pair to any.

The result is a function of the set of standing statements alone. It is also a fold over time:
what is written from a moment on changes nothing before it. Of what came before, only the
originals matter, so copies need not be read again when a new note arrives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType

from services.core import identity
from services.core.contracts import Pair
from services.core.copies import Place, Told
from services.core.counts import CountDelta, case_delta, combine

Moment = tuple[datetime, str]
"""When a note was written; of notes of one time the key decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A counted relation of a standing note."""

    place: Place
    pair: Pair
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
        gap: the longest time between two originals of one episode; None for no end.
        since: decide only from this moment on; None for everything.
        settled: the verdicts on statements before `since`.

    Returns:
        The verdict on every statement from `since` on.
    """
    ordered = sorted(statements, key=lambda one: (one.moment, one.place))
    open_pairs = {one.pair for one in ordered if since is None or one.moment >= since}
    told: defaultdict[Pair, Told] = defaultdict(Told)
    verdicts: dict[Place, Verdict] = {}
    case_key = ""
    last: datetime | None = None
    for moment, of_note in groupby(ordered, key=attrgetter("moment")):
        note = list(of_note)
        if since is not None and moment < since:
            originals = [one for one in note if settled[one.place].copy_of is None]
            if originals:
                case_key, last = settled[originals[0].place].case_key, moment[0]
        else:
            sources = {one.place: told[one.pair].source_of(one.text) for one in note}
            originals = [one for one in note if sources[one.place] is None]
            if originals:
                if last is None or (gap is not None and moment[0] - last > gap):
                    case_key = _case_key(person_key, moment[1], gap)
                last = moment[0]
            for one in note:
                source = sources[one.place]
                if source is None:
                    verdicts[one.place] = Verdict(case_key)
                else:
                    of_source = verdicts.get(source) or settled[source]
                    verdicts[one.place] = Verdict(of_source.case_key, source)
        for one in originals:
            if one.pair in open_pairs:
                told[one.pair].add(one.place, one.text)
    return verdicts


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


def _case_key(person_key: str, first_note: str, gap: timedelta | None) -> str:
    """An episode is named by its first note, which nothing written later can change."""
    return person_key if gap is None else identity.episode_key(person_key, first_note)
