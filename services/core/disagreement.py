"""How two pairs of models differ on the same notes: counts only, no word of any note."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple, Protocol

from services.core.contracts import Assertion, Extraction, Pair
from services.core.model_versions import VersionPair


class Beside(NamedTuple):
    """The pair that served and the candidate that read the same notes."""

    serving: VersionPair
    candidate: VersionPair


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Counts over notes. A relation is a drug concept and an event concept of one note.

    Attributes:
        notes: read by both.
        same: relations that both found, with the same statuses.
        only_serving: relations that the candidate did not find.
        only_candidate: relations that the serving pair did not find.
        status_differs: relations that both found, with other statuses.
        dropped: notes of the sample that the candidate had no time for.
        failed: notes of the sample that the candidate could not read.
    """

    notes: int = 0
    same: int = 0
    only_serving: int = 0
    only_candidate: int = 0
    status_differs: int = 0
    dropped: int = 0
    failed: int = 0

    def __add__(self, other: Disagreement) -> Disagreement:
        return Disagreement(
            **{name: getattr(self, name) + getattr(other, name) for name in NOTES + RELATIONS}
        )

    @property
    def share(self) -> float | None:
        """Relations on which both do not agree, of all; None if there is no relation."""
        differing = self.only_serving + self.only_candidate + self.status_differs
        total = differing + self.same
        return differing / total if total else None


RELATIONS = ("same", "only_serving", "only_candidate", "status_differs")
"""The counts of relations."""

NOTES = tuple(field.name for field in fields(Disagreement) if field.name not in RELATIONS)
"""The counts of notes."""


class DisagreementRecord(Protocol):
    """Where workers add up what they saw. Its calls block; failures as in `services.core.ports`."""

    def add(self, found: Mapping[Beside, Disagreement], *, at: datetime) -> None:
        """Add to the counts, in one transaction."""
        ...

    def totals(self) -> dict[Beside, Disagreement]:
        """Everything that was added, by the pairs that read, in a fixed order."""
        ...


def compare(serving: Extraction, candidate: Extraction) -> Disagreement:
    """How two readings of one note differ."""
    one, other = _relations(serving), _relations(candidate)
    both = one.keys() & other.keys()
    same = sum(one[pair] == other[pair] for pair in both)
    return Disagreement(
        notes=1,
        same=same,
        only_serving=len(one.keys() - other.keys()),
        only_candidate=len(other.keys() - one.keys()),
        status_differs=len(both) - same,
    )


def _relations(extraction: Extraction) -> dict[Pair, set[Assertion]]:
    concepts = {mention.mention_id: mention.concept for mention in extraction.mentions}
    found: defaultdict[Pair, set[Assertion]] = defaultdict(set)
    for relation in extraction.relations:
        pair = Pair(concepts[relation.drug_id], concepts[relation.event_id])
        found[pair].add(relation.assertion)
    return dict(found)
