"""Mentions as BIO labels of words, and back.

Words are those of the tokenizer's pre-tokenisation; the model's answer counts at the first token
of each word. Training encodes and serving decodes with this module.

A model answers in one of two forms. *Joint*: one sequence of `LABELS`, in which mentions cannot
overlap. *Per type*: one sequence of `TAGS` for each of `TYPES`, side by side, so that a drug within
its event ("lithium toxicity") is found too, and a type that a corpus does not annotate can be left
out of the loss. The number of columns tells the forms apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.core.contracts import MentionType
from services.core.model_ports import Encoding, FloatArray
from services.core.spans import Span
from services.core.tag_chain import TagChain, best_tags, marginals

OUTSIDE = "O"
LABELS = (OUTSIDE, "B-DRUG", "I-DRUG", "B-ADE", "I-ADE")
"""Labels in the order of the model's tags."""

LABEL_IDS = {label: index for index, label in enumerate(LABELS)}

TAGS = (OUTSIDE, "B", "I")
"""Tags of one type, in the order of the model's columns."""

TYPES = tuple(MentionType)
"""The types in the order of the model's columns: column = 3 · type + tag."""

TagChains = Mapping[MentionType, TagChain]
"""A chain over `TAGS` for each type."""

# No mention starts or ends with these, though the model may label them so.
_LEADING = frozenset(".,;:!?-–—/\\'\"”’)]}>*&+=|_ ")
_TRAILING = frozenset(".,;:!?-–—/\\'\"“‘([{<*&=|_ ")
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))


class TypedSpan(NamedTuple):
    """A mention in a text, without its probability."""

    type: MentionType
    span: Span


class Decoded(NamedTuple):
    """A mention that the model found; `probability` is the mean over its words."""

    type: MentionType
    span: Span
    probability: float


class _Word(NamedTuple):
    token: int
    span: Span


def words(encoding: Encoding) -> list[Span]:
    """Character spans of the words of an encoding, in order."""
    return [word.span for word in _words(encoding)]


def word_labels(word_spans: Sequence[Span], mentions: Sequence[TypedSpan]) -> list[str]:
    """BIO labels of words.

    A word belongs to a mention if both share a character. Of mentions that overlap the longer one
    is labelled, of equally long ones the first.

    Args:
        word_spans: of one text, ordered and disjoint.
        mentions: of the same text, in any order.

    Returns:
        One label of `LABELS` per word.
    """
    labels = [OUTSIDE] * len(word_spans)
    for mention in _without_overlaps(mentions):
        prefix = "B"
        for index, word in enumerate(word_spans):
            if word.overlaps(mention.span) and labels[index] == OUTSIDE:
                labels[index] = f"{prefix}-{mention.type}"
                prefix = "I"
    return labels


def token_labels(encoding: Encoding, mentions: Sequence[TypedSpan], *, ignored: int) -> list[int]:
    """Label ids per token: the word's at its first token, `ignored` elsewhere."""
    found = _words(encoding)
    labels = [ignored] * len(encoding.ids)
    names = word_labels([word.span for word in found], mentions)
    for word, name in zip(found, names, strict=True):
        labels[word.token] = LABEL_IDS[name]
    return labels


def type_tags(
    encoding: Encoding, mentions: Sequence[TypedSpan], *, ignored: int
) -> dict[MentionType, list[int]]:
    """Per type the tag id per token: the word's at its first token, `ignored` elsewhere.

    Mentions of different types may overlap; of those of one type the longer one is tagged.
    """
    return {
        type_: [
            tag if tag <= 0 else 1 + (tag - 1) % 2  # B-X, I-X of any type to B, I
            for tag in token_labels(
                encoding,
                [mention for mention in mentions if mention.type is type_],
                ignored=ignored,
            )
        ]
        for type_ in TYPES
    }


def decode(
    encoding: Encoding,
    probabilities: FloatArray,
    text: str | None = None,
    *,
    chains: TagChains | None = None,
) -> list[Decoded]:
    """Mentions from the probabilities of the tags.

    A continuation without a beginning begins a mention; so does one whose type changes.

    Args:
        encoding: of the text.
        probabilities: for all tokens of `encoding`: [tokens, labels] of the joint form or
            [tokens, types · tags] of the form per type.
        text: the text; if given, punctuation at the ends of mentions is trimmed.
        chains: what the model has learned of neighbouring tags, per type. With them the most
            probable sequence is decoded, and the probability of a mention is the mean of the
            marginals of its tags. Without them each word is decoded alone.

    Returns:
        Mentions in the order of the text; those of one type are disjoint.

    Raises:
        ValueError: the columns are those of neither form.
    """
    found = _words(encoding)
    if not found:
        return []
    rows = np.asarray(probabilities, dtype=np.float64)[[word.token for word in found]]
    if rows.shape[1] == len(LABELS):
        return _decoded(found, rows, LABELS, text)
    if rows.shape[1] != len(TYPES) * len(TAGS):
        raise ValueError(f"no form of answer has {rows.shape[1]} columns")
    mentions: list[Decoded] = []
    for place, type_ in enumerate(TYPES):
        columns = rows[:, len(TAGS) * place : len(TAGS) * (place + 1)]
        names = tuple(tag if tag == OUTSIDE else f"{tag}-{type_}" for tag in TAGS)
        chain = None if chains is None else chains[type_]
        mentions.extend(_decoded(found, columns, names, text, chain))
    return sorted(mentions, key=lambda mention: (mention.span, mention.type))


def _decoded(
    found: Sequence[_Word],
    rows: NDArray[np.float64],
    names: Sequence[str],
    text: str | None,
    chain: TagChain | None = None,
) -> list[Decoded]:
    """Disjoint mentions from rows of words whose columns have these names."""
    tags = rows.argmax(axis=1)
    if chain is not None:
        tags = best_tags(chain, rows)
        if all(names[tag] == OUTSIDE for tag in set(tags.tolist())):
            return []
        rows = marginals(chain, rows)
    chosen = rows[np.arange(len(found)), tags]
    mentions = []
    for type_, start, end in _runs([names[tag] for tag in tags]):
        span: Span | None = Span(found[start].span.start, found[end - 1].span.end)
        if text is not None and span is not None:
            span = trimmed(text, span)
        if span is not None:
            mentions.append(Decoded(type_, span, float(chosen[start:end].mean())))
    return mentions


def trimmed(text: str, span: Span) -> Span | None:
    """The span without punctuation at its ends; brackets stay where both stand within it."""
    start, end = span
    while True:
        inner = text[start:end]
        if not inner:
            return None
        if inner[0] in _LEADING or inner[0].isspace() or _unclosed(inner):
            start += 1
        elif inner[-1] in _TRAILING or inner[-1].isspace() or _unopened(inner):
            end -= 1
        else:
            return Span(start, end)


def _unclosed(inner: str) -> bool:
    return any(inner[0] == left and right not in inner for left, right in _BRACKETS)


def _unopened(inner: str) -> bool:
    return any(inner[-1] == right and left not in inner for left, right in _BRACKETS)


def _words(encoding: Encoding) -> list[_Word]:
    found: list[_Word] = []
    previous: int | None = None
    for token, (word, (start, end)) in enumerate(
        zip(encoding.word_ids, encoding.offsets, strict=True)
    ):
        if word is None:
            pass
        elif word == previous:
            found[-1] = _Word(found[-1].token, Span(found[-1].span.start, end))
        else:
            found.append(_Word(token, Span(start, end)))
        previous = word
    return found


def _runs(labels: Sequence[str]) -> Iterator[tuple[MentionType, int, int]]:
    """Type, first word and end of each mention."""
    type_: str | None = None
    start = 0
    for index, label in enumerate((*labels, OUTSIDE)):
        continues = label[0] == "I" and label[2:] == type_
        if continues:
            continue
        if type_ is not None:
            yield MentionType(type_), start, index
        type_ = None if label == OUTSIDE else label[2:]
        start = index


def _without_overlaps(mentions: Sequence[TypedSpan]) -> list[TypedSpan]:
    kept: list[TypedSpan] = []
    for mention in sorted(mentions, key=lambda mention: mention.span.start - mention.span.end):
        if not any(mention.span.overlaps(other.span) for other in kept):
            kept.append(mention)
    return kept
