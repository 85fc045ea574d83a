"""From the pairs of a case to changes of the counts.

A case is in the universe when it has at least one counted relation. For a pair (d, e):
n11 counts cases with the pair, n1. cases with d in any counted pair, n.1 cases with e in any,
n.. all cases of the universe, and u(d, e) cases with d and with e but without the pair: there the
event is blamed on other drugs only. The 2×2 table of the pair counts those with the drug and
without the pair, so its event margin is n.1 - u (deploy/decisions/0003-two-by-two-table.md).

All five follow from the set of pairs of each case, so a change of that set is a change of the
counts, and taking a note back is the same operation reversed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

from services.core.contracts import Assertion, Pair, Table

COUNTED = frozenset({Assertion.AFFIRMED, Assertion.HISTORICAL})
"""Statuses of relations that are counted unless the service is told otherwise."""

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class CountDelta:
    """Signed changes in numbers of cases. Zero changes are not kept.

    Attributes:
        pairs: change of n11 per pair.
        drugs: change of n1. per drug concept.
        events: change of n.1 per event concept.
        unattributed: change of u per pair: cases that have the drug in a counted relation and the
            event in a counted relation, but no counted relation between the two. Sparse: only a
            case of at least two drugs and two events has any.
        total: change of n..
    """

    pairs: Mapping[Pair, int] = field(default_factory=dict)
    drugs: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    unattributed: Mapping[Pair, int] = field(default_factory=dict)
    total: int = 0

    def __bool__(self) -> bool:
        return bool(self.pairs or self.drugs or self.events or self.unattributed or self.total)

    @property
    def possible_pairs(self) -> int:
        """How many pairs the counted drugs and events make, for a delta that counts from zero.

        That is the family of tests: a pair that has no case yet may get one by chance.
        """
        return len(self.drugs) * len(self.events)

    def table(self, pair: Pair) -> Table:
        """The 2×2 table of a pair, for a delta that counts from zero."""
        return Table(
            n11=self.pairs.get(pair, 0),
            drug=self.drugs.get(pair.drug, 0),
            event=self.events.get(pair.event, 0) - self.unattributed.get(pair, 0),
            total=self.total,
        )


def unattributed(pairs: AbstractSet[Pair]) -> set[Pair]:
    """Combinations of a drug and an event of one case's pairs that are not among the pairs.

    Up to (distinct drugs) × (distinct events) of them.
    """
    drugs, events = {pair.drug for pair in pairs}, {pair.event for pair in pairs}
    return {Pair(drug, event) for drug in drugs for event in events} - pairs


def case_delta(before: AbstractSet[Pair], after: AbstractSet[Pair]) -> CountDelta:
    """Change of the counts when one case's set of pairs changes."""
    drugs_before, drugs_after = {p.drug for p in before}, {p.drug for p in after}
    events_before, events_after = {p.event for p in before}, {p.event for p in after}
    return CountDelta(
        pairs=_difference(before, after),
        drugs=_difference(drugs_before, drugs_after),
        events=_difference(events_before, events_after),
        unattributed=_difference(unattributed(before), unattributed(after)),
        total=int(bool(after)) - int(bool(before)),
    )


def combine(deltas: Iterable[CountDelta]) -> CountDelta:
    """The sum of changes; what cancels out disappears."""
    pairs: Counter[Pair] = Counter()
    drugs: Counter[str] = Counter()
    events: Counter[str] = Counter()
    elsewhere: Counter[Pair] = Counter()
    total = 0
    for delta in deltas:
        pairs.update(delta.pairs)
        drugs.update(delta.drugs)
        events.update(delta.events)
        elsewhere.update(delta.unattributed)
        total += delta.total
    return CountDelta(
        pairs=_nonzero(pairs),
        drugs=_nonzero(drugs),
        events=_nonzero(events),
        unattributed=_nonzero(elsewhere),
        total=total,
    )


def _difference(before: AbstractSet[_Key], after: AbstractSet[_Key]) -> dict[_Key, int]:
    return dict.fromkeys(after - before, 1) | dict.fromkeys(before - after, -1)


def _nonzero(counts: Mapping[_Key, int]) -> dict[_Key, int]:
    return {key: value for key, value in counts.items() if value}
