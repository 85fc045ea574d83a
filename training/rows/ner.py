"""Sentences of documents as rows of the NER model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from services.core.bio import TYPES, TypedSpan, type_tags, words
from services.core.contracts import MentionType
from services.core.model_ports import Encoding, TokenEncoder
from services.core.spans import Span
from services.extract.tokens import (
    NER_MAX_TOKENS,
    WINDOW_OVERLAP_TOKENS,
    reading_windows,
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
        tags: per type of `TYPES` a tag id per token; `IGNORED` where nothing is learned, which is
            everywhere for a type whose mentions are not annotated in the document.
        text: what it was made from; a long text gives several rows.
        words: per word of the row its first token in the row and its span in the text.
    """

    ids: tuple[int, ...]
    tags: tuple[tuple[int, ...], ...]
    text: str = ""
    words: tuple[tuple[int, Span], ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document, or a run of them, with the gold mentions that lie within it."""

    document: Document
    span: Span
    mentions: tuple[TypedSpan, ...]

    @property
    def text(self) -> str:
        """The sentence."""
        return self.document.text[self.span.start : self.span.end]


def sentences(documents: Sequence[Document]) -> list[Sentence]:
    """All sentences, with mentions in offsets of the sentence."""
    return [_unit(document, span) for document in documents for span in document.sentences]


def windows(documents: Sequence[Document], encoder: TokenEncoder) -> list[Sentence]:
    """Runs of whole sentences, as many as the model reads at a time; mentions likewise."""
    return [
        _unit(document, span)
        for document in documents
        for span in reading_windows(
            document.text, document.sentences, encoder, max_tokens=NER_MAX_TOKENS
        )
    ]


def _unit(document: Document, span: Span) -> Sentence:
    inside = tuple(
        TypedSpan(type_, Span(mention.start - span.start, mention.end - span.start))
        for type_, mention in document.spans()
        if span.start <= mention.start and mention.end <= span.end
    )
    return Sentence(document, span, inside)


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


def first_tokens(encoding: Encoding) -> list[tuple[int, Span]]:
    """The first token of every word, which answers for it, and the span of the word."""
    before = (None, *encoding.word_ids)
    starts = [
        token
        for token, (word, previous) in enumerate(zip(encoding.word_ids, before, strict=False))
        if word is not None and word != previous
    ]
    return list(zip(starts, words(encoding), strict=True))


def _rows(sentence: Sentence, encoding: Encoding) -> list[NerRow]:
    tags = type_tags(encoding, sentence.mentions, ignored=IGNORED)
    for type_ in TYPES:
        if type_ not in sentence.document.complete:
            # Mentions that are annotated all the same are learned; the other words say nothing.
            tags[type_] = [tag if tag > 0 else IGNORED for tag in tags[type_]]
    starts = first_tokens(encoding)
    return [
        NerRow(
            ids=tuple(window_ids(encoding, window)),
            text=sentence.text,
            words=tuple(
                (1 + token - window.start, span)
                for token, span in starts
                if window.start <= token < window.end
            ),
            tags=tuple(
                (IGNORED, *tags[type_][window.start : window.end], IGNORED) for type_ in TYPES
            ),
        )
        for window in token_windows(
            encoding, max_tokens=NER_MAX_TOKENS, overlap=WINDOW_OVERLAP_TOKENS
        )
    ]
