"""Clinical notes with drug mentions and drug–event relations, one JSON object a line.

Every drug name is annotated; event mentions where they take part in a relation, which is the
definition of an event mention here, so their annotation counts as complete too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.core.contracts import MentionType
from services.core.sentences import split_sentences
from services.core.spans import Span
from training.corpora.documents import (
    AnnotatedMention,
    AnnotatedRelation,
    Document,
)
from training.errors import CorpusError


def read_notes(path: Path) -> list[Document]:
    """One document per note.

    Raises:
        CorpusError: the file is missing or has another format.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [_document(json.loads(line)) for line in lines if line.strip()]
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} is no file of annotated notes: {error!r}") from error


def _document(record: dict[str, Any]) -> Document:
    text = record["text"]
    return Document(
        doc_id=record["note_id"],
        group=record["note_id"],
        corpus="clinical",
        text=text,
        sentences=tuple(split_sentences(text)),
        mentions=tuple(
            AnnotatedMention(
                mention_id=str(mention["id"]),
                type=MentionType(mention["type"]),
                span=Span(mention["start"], mention["end"]),
            )
            for mention in record["mentions"]
        ),
        relations=tuple(
            AnnotatedRelation(
                drug_id=str(relation["drug"]),
                event_id=str(relation["event"]),
                status=relation["status"],
            )
            for relation in record["relations"]
        ),
    )
