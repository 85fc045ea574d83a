"""What evaluation asks of models: mentions, and scores of candidate pairs.

Whatever computes them (a served graph, a torch model in training, a baseline) is a `MentionFinder`
or a `PairScorer`; evaluation knows nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from services.core.bio import Decoded, TypedSpan
from services.core.contracts import Assertion, MentionType
from services.core.spans import Span
from training.corpora.documents import Document


class ScoredPair(NamedTuple):
    """A drug and an event mention that a scorer looked at.

    Attributes:
        drug: span in the document; `event` likewise.
        caused: probability that the text relates them, whatever the status.
        status: what the text asserts of the relation; None if the scorer does not say.
    """

    drug: Span
    event: Span
    caused: float
    status: Assertion | None = None

    @property
    def spans(self) -> tuple[Span, Span]:
        """(drug, event)."""
        return self.drug, self.event


@dataclass(frozen=True, slots=True)
class Candidates:
    """A document and the mentions that may be related in it, gold or predicted."""

    document: Document
    drugs: tuple[Span, ...]
    events: tuple[Span, ...]


class MentionFinder(Protocol):
    """Finds mentions as serving does."""

    def __call__(self, documents: Sequence[Document]) -> list[list[Decoded]]:
        """Per document its mentions, in offsets of its text. Gold is not looked at."""
        ...


class PairScorer(Protocol):
    """Scores pairs of mentions; which pairs it considers is its own matter, as in serving."""

    def __call__(self, asked: Sequence[Candidates]) -> list[list[ScoredPair]]:
        """Per document the pairs it considered. A pair left out counts as unrelated."""
        ...


ScoreDocument = Callable[[Document, Sequence[Span], Sequence[Span]], list[ScoredPair]]
"""(document, drugs, events) to scored pairs."""


def one_by_one(score: ScoreDocument) -> PairScorer:
    """A scorer of single documents as a `PairScorer`."""

    def scorer(asked: Sequence[Candidates]) -> list[list[ScoredPair]]:
        return [score(one.document, one.drugs, one.events) for one in asked]

    return scorer


def candidates(document: Document, mentions: Iterable[TypedSpan]) -> Candidates:
    """Mentions by type, each span once, in the order of the text."""
    spans: dict[MentionType, set[Span]] = {type_: set() for type_ in MentionType}
    for type_, span in mentions:
        spans[type_].add(span)
    return Candidates(
        document, tuple(sorted(spans[MentionType.DRUG])), tuple(sorted(spans[MentionType.ADE]))
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What the models make of one document.

    Attributes:
        document: the document.
        mentions: found by NER.
        on_gold: scored pairs of gold mentions.
        end_to_end: scored pairs of the mentions found.
        probabilities: of those mentions, by the NER model; one without is known to be there.
    """

    document: Document
    mentions: list[TypedSpan]
    on_gold: list[ScoredPair]
    end_to_end: list[ScoredPair]
    probabilities: Mapping[TypedSpan, float] = field(default_factory=dict)


def read_documents(
    documents: Sequence[Document], find: MentionFinder | None, score: PairScorer | None
) -> list[Reading]:
    """Ask both models about every document; a missing one finds nothing."""
    found: list[list[Decoded]] = [[] for _ in documents] if find is None else find(documents)
    mentions = [[TypedSpan(type_, span) for type_, span, _ in each] for each in found]
    if score is None:
        nothing: list[list[ScoredPair]] = [[] for _ in documents]
        on_gold, end_to_end = nothing, nothing
    else:
        on_gold = score([candidates(document, document.spans()) for document in documents])
        end_to_end = score([candidates(*each) for each in zip(documents, mentions, strict=True)])
    probabilities = [
        {TypedSpan(type_, span): probability for type_, span, probability in each} for each in found
    ]
    return [
        Reading(*each)
        for each in zip(documents, mentions, on_gold, end_to_end, probabilities, strict=True)
    ]
