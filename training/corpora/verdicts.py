"""Reviewers' verdicts as `adewatch verdicts export` writes them: one window and one pair a line.

Only the one pair of a document is judged: other mentions in it are not annotated. A confirmed
pair teaches both models; a refuted one only the relation model, since an event mention is here
one that takes part in a relation, and which of the two mentions was wrong is not said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.core.contracts import MentionType
from services.core.sentences import split_sentences
from services.core.spans import Span
from training.corpora.documents import AnnotatedMention, AnnotatedRelation, Document
from training.corpora.overlap import without_leaks
from training.errors import CorpusError
from training.train.splits import Parts

CORPUS = "verdicts"


def read_verdicts(path: Path) -> list[Document]:
    """One document per verdict; an empty file is one without verdicts.

    Raises:
        CorpusError: the file is missing or has another format. The message quotes nothing of it.
    """
    try:
        # Not `splitlines`: a text may hold other ends of lines than that of JSON Lines.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read {path}: {type(error).__name__}") from None
    documents = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            documents.append(_document(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            # The line is patient text, and so may be the message of the error.
            raise CorpusError(f"{path}:{number} is no verdict: {type(error).__name__}") from None
    return documents


def with_verdicts(
    parts: Mapping[str, Parts], documents: Iterable[Document], *, mentions_too: bool
) -> dict[str, Parts]:
    """Corpora with verdicts beside them, all for training.

    Args:
        parts: the corpora. What they hold out, no verdict brings back into training (notes of the
            demonstration may have been judged).
        documents: from `read_verdicts`.
        mentions_too: for a model that learns mentions: without refuted pairs.
    """
    chosen = [one for one in documents if one.relations or not mentions_too]
    if not chosen:
        return dict(parts)
    # Of short sentences de-duplication says nothing: whole windows of what is held out go here.
    held_out = "\0".join(one.text for part in parts.values() for one in (*part.dev, *part.test))
    free = [one for one in chosen if one.text not in held_out]
    return without_leaks({**parts, CORPUS: Parts(train=free, dev=[], test=[])})


def _document(record: dict[str, Any]) -> Document:
    text = record["text"]
    document = Document(
        doc_id=f"{CORPUS}:{record['note_id']}",
        group=f"{CORPUS}:{record['group']}",
        corpus=CORPUS,
        text=text,
        sentences=tuple(split_sentences(text)),
        mentions=tuple(
            AnnotatedMention(str(one["id"]), MentionType(one["type"]), _span(one, len(text)))
            for one in record["mentions"]
        ),
        complete=frozenset(),
    )
    relations = tuple(
        AnnotatedRelation(str(one["drug"]), str(one["event"]), str(one["status"]))
        for one in record["relations"]
    )
    document = replace(document, relations=relations)
    document.statuses()  # refuses what names no mention or no status
    return document


def _span(record: Mapping[str, int], length: int) -> Span:
    span = Span(record["start"], record["end"])
    if not 0 <= span.start < span.end <= length:
        raise ValueError("a mention beyond the text")
    return span
