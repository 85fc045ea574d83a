"""What a corpus holds, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.core.spans import Span
from services.core.windows import MAX_SENTENCES, pair_window
from training.corpora.documents import AnnotatedRelation, Document


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of one corpus.

    Attributes:
        documents: notes, abstracts or sentences.
        groups: patients, abstracts or notes: what a split never divides.
        sentences: of all documents; `words`, separated by white space, likewise.
        words: of all documents.
        words_median: words of the middle document.
        mentions: by type.
        relations: by status.
        traps: by kind.
        distances: relations by the number of sentences that cover both mentions ("1" is one and
            the same sentence, "more" needs more than a window).
        without_relation: documents without any.
    """

    documents: int
    groups: int
    sentences: int
    words: int
    words_median: int
    mentions: Mapping[str, int]
    relations: Mapping[str, int]
    traps: Mapping[str, int]
    distances: Mapping[str, int]
    without_relation: int

    def as_json(self) -> dict[str, object]:
        """All counts, and the totals of those by kind."""
        return {
            "documents": self.documents,
            "documents_without_relation": self.without_relation,
            "groups": self.groups,
            "sentences": self.sentences,
            "words": self.words,
            "words_median": self.words_median,
            "mentions": _with_total(self.mentions),
            "relations": _with_total(self.relations),
            "traps": _with_total(self.traps),
            "sentences_of_a_relation": dict(self.distances),
        }


def statistics(documents: Sequence[Document]) -> Statistics:
    """Counts over documents."""
    lengths = sorted(len(document.text.split()) for document in documents)
    return Statistics(
        documents=len(documents),
        groups=len({document.group for document in documents}),
        sentences=sum(len(document.sentences) for document in documents),
        words=sum(lengths),
        words_median=lengths[len(lengths) // 2] if lengths else 0,
        mentions=_counted(m.type.value for d in documents for m in d.mentions),
        relations=_counted(r.status for d in documents for r in d.relations),
        traps=_counted(t.kind for d in documents for t in d.traps),
        distances=_counted(
            distance(document, relation)
            for document in documents
            for relation in document.relations
        ),
        without_relation=sum(not document.relations for document in documents),
    )


def distance(document: Document, relation: AnnotatedRelation) -> str:
    """How many sentences cover both mentions of a relation: "1" to "4", or "more"."""
    spans = {mention.mention_id: mention.span for mention in document.mentions}
    return covering_sentences(document.sentences, spans[relation.drug_id], spans[relation.event_id])


def covering_sentences(sentences: Sequence[Span], drug: Span, event: Span) -> str:
    """The same of two spans."""
    for size in range(1, MAX_SENTENCES + 1):
        if pair_window(sentences, drug, event, max_sentences=size) is not None:
            return str(size)
    return "more"


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _with_total(counts: Mapping[str, int]) -> dict[str, int]:
    return {"total": sum(counts.values()), **counts}
