"""Clinical notes with drug mentions and drug–event relations, one JSON object a line.

Every drug name is annotated; event mentions where they take part in a relation, which is the
definition of an event mention here, so their annotation counts as complete too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
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
from training.train.splits import DEV_FRACTION, TEST_FRACTION, Parts, position

RULES_SEED = 20260302
"""Which notes the rules of assertion were written with, see `seen_by_rules`."""


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


def seen_by_rules(note_ids: Iterable[str]) -> frozenset[str]:
    """Of the notes that have relations the half that the rules of assertion were written with.

    They may train models, but measure nothing that the rules have a part in.
    """
    used = sorted(note_ids)
    random.Random(RULES_SEED).shuffle(used)  # noqa: S311 - not for security
    return frozenset(used[: len(used) // 2])


def split_notes(notes: Sequence[Document], *, seed: int) -> Parts:
    """Divide by note. Test are only notes that the rules of assertion were not written with; of
    notes with relations that is half, so twice as many of that half are test."""
    seen = seen_by_rules(note.doc_id for note in notes if note.relations)
    parts = Parts([], [], [])
    for note in notes:
        place = position(note.group, seed=seed)
        test = TEST_FRACTION * (2 if note.relations else 1) if note.doc_id not in seen else 0.0
        if place < test:
            parts.test.append(note)
        elif place < test + DEV_FRACTION:
            parts.dev.append(note)
        else:
            parts.train.append(note)
    return parts


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
