"""One internal shape for every corpus."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.core.bio import TypedSpan
from services.core.contracts import Assertion, MentionType
from services.core.spans import Span

ALL_TYPES = frozenset(MentionType)

DICTATED = ("clinical", "dictations")
"""The corpora of real notes; a hospital's are like them, and there are few."""

NOTES = (*DICTATED, "adewatch", "n2c2")
"""The corpora of whole notes to learn from; they name many events that no drug is blamed for."""

WHOLE_NOTES = (*NOTES, "visits")
"""All corpora of whole notes: those of one hospital or of another have sentences in common."""

STATUS_CORPORA = frozenset({"clinical", "dictations", "visits", "adewatch", "phee", "verdicts"})
"""Corpora that annotate what the writer asserts; the others say nothing of it."""


COARSE_STATUSES: dict[str, dict[Assertion, Assertion]] = {
    "phee": {
        Assertion.HYPOTHETICAL: Assertion.UNCERTAIN,
        Assertion.HISTORICAL: Assertion.AFFIRMED,
        Assertion.FAMILY: Assertion.AFFIRMED,
    }
}
"""Per corpus with fewer statuses than ours, which of ours it does not tell apart from which. What
PHEE calls speculated is *it may have been the drug* as well as *the drug may do this*."""


@dataclass(frozen=True, slots=True)
class AnnotatedMention:
    """A gold mention.

    Attributes:
        mention_id: unique in its document.
        type: drug or event.
        span: from the first to the last character.
        fragments: of a discontinuous mention its pieces, half-open, ordered; the first begins and
            the last ends where the span does. Empty for a mention in one piece.
    """

    mention_id: str
    type: MentionType
    span: Span
    fragments: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class AnnotatedRelation:
    """*This drug caused this event*, with what the writer asserts of it."""

    drug_id: str
    event_id: str
    status: str = "affirmed"


@dataclass(frozen=True, slots=True)
class AnnotatedTrap:
    """A phrase that looks like an event of a drug and is none; `kind` says why."""

    kind: str
    span: Span


@dataclass(frozen=True, slots=True)
class Document:
    """A note, an abstract or a single sentence with its annotation.

    Attributes:
        doc_id: unique over all corpora ("ade:17", "mts-400").
        group: what must not be divided between training and test ("pmid:10030778", "mts-400").
        corpus: name of the corpus.
        text: all offsets count in it.
        sentences: half-open spans, ordered, disjoint.
        mentions: gold mentions.
        relations: gold relations between them.
        complete: the types of which every mention is annotated. Elsewhere a missing mention says
            nothing.
        traps: phrases marked as no event of a drug; few corpora mark them.
    """

    doc_id: str
    group: str
    corpus: str
    text: str
    sentences: tuple[Span, ...]
    mentions: tuple[AnnotatedMention, ...] = ()
    relations: tuple[AnnotatedRelation, ...] = ()
    complete: frozenset[MentionType] = field(default=ALL_TYPES)
    traps: tuple[AnnotatedTrap, ...] = ()

    def spans(self, type_: MentionType | None = None) -> list[TypedSpan]:
        """Gold mentions as spans, of one type or of all."""
        return [
            TypedSpan(mention.type, mention.span)
            for mention in self.mentions
            if type_ is None or mention.type is type_
        ]

    def pairs(self) -> set[tuple[Span, Span]]:
        """Gold relations as (drug span, event span)."""
        spans = {mention.mention_id: mention.span for mention in self.mentions}
        return {(spans[relation.drug_id], spans[relation.event_id]) for relation in self.relations}

    def statuses(self) -> dict[tuple[Span, Span], Assertion]:
        """The status of each gold relation; none where the corpus does not annotate them."""
        if self.corpus not in STATUS_CORPORA:
            return {}
        spans = {mention.mention_id: mention.span for mention in self.mentions}
        return {
            (spans[relation.drug_id], spans[relation.event_id]): Assertion(relation.status)
            for relation in self.relations
        }
