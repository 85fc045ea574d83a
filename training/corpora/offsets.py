"""Relations annotated apart from their texts: offsets, statuses and a hash of each text.

What is annotated is ours and part of this repository; the texts are others' and lie in the data
folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.core.contracts import Assertion, MentionType
from services.core.sentences import split_sentences
from services.core.spans import Span
from training.corpora.documents import AnnotatedMention, AnnotatedRelation, Document
from training.errors import CorpusError

EVENTS_ALONE = frozenset({MentionType.ADE})
"""What is completely marked in a note of which only the drugs that are blamed are marked."""


def read_offsets(annotations: Path, texts: Mapping[str, str], *, corpus: str) -> list[Document]:
    """One document per line of a file of annotations.

    Args:
        annotations: per line `note`, `sha256` of its text, `drugs` as [start, end] and
            `relations` as [drug, start, end, status], the drug by its place in `drugs`.
        texts: by the name of their note.
        corpus: the documents' corpus.

    Raises:
        CorpusError: the file is missing or malformed, or a text is not the one that was annotated.
    """
    try:
        lines = annotations.read_text(encoding="utf-8").splitlines()
        return [_document(json.loads(line), texts, corpus) for line in lines]
    except OSError as error:
        raise CorpusError(f"cannot read {annotations}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise CorpusError(
            f"{annotations} is no file of annotations: {type(error).__name__}"
        ) from None


def digest(text: str) -> str:
    """What an annotation remembers of its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _document(record: dict[str, Any], texts: Mapping[str, str], corpus: str) -> Document:
    name = str(record["note"])
    text = texts.get(name, "")
    if digest(text) != record["sha256"]:
        raise CorpusError(f"the text of {name} is not the one that was annotated")
    drugs = [Span(*span) for span in record["drugs"]]
    relations = [
        (int(place), Span(*span), Assertion(status).value)
        for place, *span, status in record["relations"]
    ]
    events = sorted({event for _, event, _ in relations})
    return Document(
        doc_id=name,
        group=name,
        corpus=corpus,
        text=text,
        sentences=tuple(split_sentences(text)),
        mentions=(
            *(
                AnnotatedMention(f"D{place}", MentionType.DRUG, drug)
                for place, drug in enumerate(drugs)
            ),
            *(
                AnnotatedMention(f"A{place}", MentionType.ADE, event)
                for place, event in enumerate(events)
            ),
        ),
        relations=tuple(
            AnnotatedRelation(f"D{place}", f"A{events.index(event)}", status)
            for place, event, status in relations
        ),
    )
