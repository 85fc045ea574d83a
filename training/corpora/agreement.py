"""How far two annotations of the same notes agree.

One annotation is taken as gold and the other as prediction; F1 is the same both ways. A relation
agrees if both its spans overlap those of one relation of the other annotation (any status);
the status is compared where relations agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora.documents import Document
from training.errors import CorpusError
from training.evaluate.metrics import Score, lenient, strict
from training.evaluate.pair_metrics import overlapping


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement over the notes that both annotations have.

    Attributes:
        notes: how many.
        drugs: exact spans of drug names; `drugs_overlapping` those that overlap.
        drugs_overlapping: see `drugs`.
        relations: overlapping relations of any status.
        same_status: relations of the first annotation that agree and have one status in both.
        compared: relations of the first annotation that agree.
    """

    notes: int
    drugs: Score
    drugs_overlapping: Score
    relations: Score
    same_status: int
    compared: int

    def as_json(self) -> dict[str, object]:
        """Figures for the datasheet."""
        return {
            "notes": self.notes,
            "drug_mentions_strict": self.drugs.as_json(),
            "drug_mentions_overlapping": self.drugs_overlapping.as_json(),
            "relations_overlapping": self.relations.as_json(),
            "relations_compared": self.compared,
            "same_status_share": round(self.same_status / self.compared if self.compared else 0, 4),
        }


def agreement(first: Sequence[Document], second: Sequence[Document]) -> Agreement:
    """Compare two annotations note by note; notes that only one has are left out.

    Raises:
        CorpusError: they share no note, or the text of one differs.
    """
    others = {document.doc_id: document for document in second}
    both = [(one, others[one.doc_id]) for one in first if one.doc_id in others]
    if not both:
        raise CorpusError("the two annotations share no note")
    for one, other in both:
        if one.text != other.text:
            raise CorpusError(f"the text of {one.doc_id} differs between the two annotations")
    drugs = [(one.spans(MentionType.DRUG), other.spans(MentionType.DRUG)) for one, other in both]
    statuses = [pair for one, other in both for pair in _statuses(one, other)]
    return Agreement(
        notes=len(both),
        drugs=sum((strict(*each) for each in drugs), Score()),
        drugs_overlapping=sum((lenient(*each) for each in drugs), Score()),
        relations=sum((overlapping(one.pairs(), other.pairs()) for one, other in both), Score()),
        same_status=sum(same for same in statuses),
        compared=len(statuses),
    )


def _statuses(one: Document, other: Document) -> list[bool]:
    """Per relation of `one` that `other` has too, whether some match has the same status."""
    theirs = _relations(other)
    found = []
    for (drug, event), status in _relations(one):
        matches = [
            their_status
            for (their_drug, their_event), their_status in theirs
            if drug.overlaps(their_drug) and event.overlaps(their_event)
        ]
        if matches:
            found.append(status in matches)
    return found


def _relations(document: Document) -> list[tuple[tuple[Span, Span], str]]:
    spans = {mention.mention_id: mention.span for mention in document.mentions}
    return [
        ((spans[relation.drug_id], spans[relation.event_id]), relation.status)
        for relation in document.relations
    ]
