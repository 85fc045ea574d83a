"""Documents written for tests: `[drug]` and `{event}` in a text become mentions."""

from __future__ import annotations

import re

from services.core.contracts import MentionType
from services.core.sentences import split_sentences
from services.core.spans import Span
from training.corpora.documents import AnnotatedMention, AnnotatedRelation, Document

_MENTION = re.compile(r"\[([^]]+)\]|\{([^}]+)\}")


def document(
    marked: str,
    relations: tuple[tuple[str, str], ...] = (),
    *,
    doc_id: str = "d1",
    group: str | None = None,
    corpus: str = "test",
) -> Document:
    """A document; mentions are named T1, T2, … in the order of the text."""
    text, position = "", 0
    mentions: list[AnnotatedMention] = []
    for match in _MENTION.finditer(marked):
        text += marked[position : match.start()]
        position = match.end()
        surface = match[1] or match[2]
        mentions.append(
            AnnotatedMention(
                f"T{len(mentions) + 1}",
                MentionType.DRUG if match[1] else MentionType.ADE,
                Span(len(text), len(text) + len(surface)),
            )
        )
        text += surface
    text += marked[position:]
    return Document(
        doc_id=doc_id,
        group=group or doc_id,
        corpus=corpus,
        text=text,
        sentences=tuple(split_sentences(text)),
        mentions=tuple(mentions),
        relations=tuple(AnnotatedRelation(drug, event) for drug, event in relations),
    )
