"""Sentences of documents as rows of the NER model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from services.core.bio import LABELS, TypedSpan, token_labels
from services.core.contracts import MentionType
from services.core.ports import Encoding, TokenEncoder
from services.core.spans import Span
from services.extract.tokens import (
    NER_MAX_TOKENS,
    WINDOW_OVERLAP_TOKENS,
    token_windows,
    window_ids,
)
from training.corpora.documents import Document

IGNORED = -100


@dataclass(frozen=True, slots=True)
class NerRow:
    """One row of the model.

    Attributes:
        ids: token ids with the special tokens at both ends.
        labels: label id per token; `IGNORED` where nothing is learned.
        unknown: types whose mentions are not annotated here: a word labelled O may be one.
    """

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    unknown: frozenset[MentionType]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document with the gold mentions that lie within it."""

    document: Document
    span: Span
    mentions: tuple[TypedSpan, ...]

    @property
    def text(self) -> str:
        """The sentence."""
        return self.document.text[self.span.start : self.span.end]


def sentences(documents: Sequence[Document]) -> list[Sentence]:
    """All sentences, with mentions in offsets of the sentence."""
    found = []
    for document in documents:
        gold = document.spans()
        for span in document.sentences:
            inside = tuple(
                TypedSpan(type_, Span(mention.start - span.start, mention.end - span.start))
                for type_, mention in gold
                if span.start <= mention.start and mention.end <= span.end
            )
            found.append(Sentence(document, span, inside))
    return found


def sample(
    candidates: Sequence[Sentence], *, bare_fraction: float, event_copies: int, seed: int
) -> list[Sentence]:
    """Every sentence with a mention, those with an event `event_copies` times, and a sample of
    the others.

    Args:
        candidates: sentences of training documents.
        bare_fraction: share of the sentences without mention that is kept.
        event_copies: how often a sentence with an event appears.
        seed: the same seed keeps the same sentences.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    kept = []
    for sentence in candidates:
        if any(mention.type is MentionType.ADE for mention in sentence.mentions):
            kept.extend([sentence] * event_copies)
        elif sentence.mentions or rng.random() < bare_fraction:
            kept.append(sentence)
    return kept


def rows(chosen: Sequence[Sentence], encoder: TokenEncoder) -> list[NerRow]:
    """Rows of at most `NER_MAX_TOKENS` tokens; a longer sentence gives overlapping ones."""
    encodings = encoder.encode([sentence.text for sentence in chosen])
    return [
        row
        for sentence, encoding in zip(chosen, encodings, strict=True)
        for row in _rows(sentence, encoding)
    ]


def _rows(sentence: Sentence, encoding: Encoding) -> list[NerRow]:
    labels = token_labels(encoding, sentence.mentions, ignored=IGNORED)
    unknown = frozenset(MentionType) - sentence.document.complete
    return [
        NerRow(
            ids=tuple(window_ids(encoding, window)),
            labels=(IGNORED, *labels[window.start : window.end], IGNORED),
            unknown=unknown,
        )
        for window in token_windows(
            encoding, max_tokens=NER_MAX_TOKENS, overlap=WINDOW_OVERLAP_TOKENS
        )
    ]


def allowed_labels(row: NerRow) -> list[tuple[bool, ...]]:
    """Per token which labels its annotation allows; none where nothing is learned.

    A word that is O allows also the labels of the types that are not annotated in its document.
    """
    outside = tuple(label == "O" or MentionType(label[2:]) in row.unknown for label in LABELS)
    nothing = (False,) * len(LABELS)
    one = [tuple(index == gold for index in range(len(LABELS))) for gold in range(len(LABELS))]
    return [
        nothing if gold == IGNORED else outside if gold == 0 else one[gold] for gold in row.labels
    ]
