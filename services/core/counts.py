"""From the pairs of a case to changes of the counts.

A case is in the universe when it has at least one counted relation. For a pair (d, e):
n11 counts cases with the pair, n1. cases with d in any counted pair, n.1 cases with e in any,
n.. all cases of the universe. All four follow from the set of pairs of each case, so a change of
that set is a change of the counts, and taking a note back is the same operation reversed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

from services.core.contracts import Pair, Table

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class CountDelta:
    """Signed changes in numbers of cases. Zero changes are not kept.

    Attributes:
        pairs: change of n11 per pair.
        drugs: change of n1. per drug concept.
        events: change of n.1 per event concept.
        total: change of n..
    """

    pairs: Mapping[Pair, int] = field(default_factory=dict)
    drugs: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    total: int = 0

    def __bool__(self) -> bool:
        return bool(self.pairs or self.drugs or self.events or self.total)

    def table(self, pair: Pair) -> Table:
        """The margins of a pair, for a delta that counts from zero."""
        return Table(
            n11=self.pairs.get(pair, 0),
            drug=self.drugs.get(pair.drug, 0),
            event=self.events.get(pair.event, 0),
            total=self.total,
        )


def case_delta(before: AbstractSet[Pair], after: AbstractSet[Pair]) -> CountDelta:
    """Change of the counts when one case's set of pairs changes."""
    drugs_before, drugs_after = {p.drug for p in before}, {p.drug for p in after}
    events_before, events_after = {p.event for p in before}, {p.event for p in after}
    return CountDelta(
        pairs=_difference(before, after),
        drugs=_difference(drugs_before, drugs_after),
        events=_difference(events_before, events_after),
        total=int(bool(after)) - int(bool(before)),
    )


def combine(deltas: Iterable[CountDelta]) -> CountDelta:
    """The sum of changes; what cancels out disappears."""
    pairs: Counter[Pair] = Counter()
    drugs: Counter[str] = Counter()
    events: Counter[str] = Counter()
    total = 0
    for delta in deltas:
        pairs.update(delta.pairs)
        drugs.update(delta.drugs)
        events.update(delta.events)
        total += delta.total
    return CountDelta(
        pairs=_nonzero(pairs), drugs=_nonzero(drugs), events=_nonzero(events), total=total
    )


def _difference(before: AbstractSet[_Key], after: AbstractSet[_Key]) -> dict[_Key, int]:
    return dict.fromkeys(after - before, 1) | dict.fromkeys(before - after, -1)


def _nonzero(counts: Mapping[_Key, int]) -> dict[_Key, int]:
    return {key: value for key, value in counts.items() if value}
