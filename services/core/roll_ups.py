"""Cases by groups of drugs and events (`services.core.vocabulary.groups`).

A case is of a pair of groups if any of its pairs is, and counts once for it, however many of its
pairs are. A concept may be in several groups of one level: a combination of drugs in the classes of
all its parts, a preferred term of MedDRA in several queries, and in several system organ classes if
its secondary paths are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.core.case_statistics import Total
from services.core.contracts import Pair
from services.core.counts import CountDelta, case_delta
from services.core.statistics_ports import Case
from services.core.vocabulary.groups import Grouping

_NONE: frozenset[Pair] = frozenset()


@dataclass(frozen=True, slots=True)
class RolledUp:
    """Cases by groups.

    Attributes:
        counts: cases per pair of groups, per group of drugs, per group of events, and all that
            have a pair of groups.
        outside: cases that have a pair without a group; other pairs of theirs may be counted.
    """

    counts: CountDelta
    outside: int


def roll_up(cases: Iterable[Case], *, drugs: Grouping, events: Grouping) -> RolledUp:
    """Count cases by groups. Reads the cases once; memory grows with the groups alone."""
    total, outside = Total(), 0
    for case in cases:
        groups = [
            {Pair(drug, event) for drug in drugs(pair.drug) for event in events(pair.event)}
            for pair in case.pairs
        ]
        outside += not all(groups)
        total.add(case_delta(_NONE, frozenset().union(*groups)))
    return RolledUp(total.counts(), outside)
