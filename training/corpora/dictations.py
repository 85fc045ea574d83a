"""Relations in more dictations of MTSamples, annotated for this project and kept apart from them.

The repository holds offsets only (`dictations/*.jsonl`); the texts, whose licence is not
formal, lie in the data folder. `DATASHEET.md` beside it says how they were chosen and annotated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.core.contracts import Assertion, MentionType
from services.core.sentences import split_sentences
from services.core.spans import Span
from training.corpora.documents import AnnotatedMention, AnnotatedRelation, Document
from training.errors import CorpusError
from training.train.splits import Parts, position

CORPUS = "dictations"

FOLDER = Path(__file__).parent / "dictations"

ANNOTATIONS = FOLDER / "annotations.jsonl"
"""Notes chosen for what they say of drugs, to train and to choose on."""

DRAWN = FOLDER / "drawn.jsonl"
"""Notes drawn at random, to measure on. Only the drugs that are blamed are marked."""

DEV_FRACTION = 0.15

EVENTS_ALONE = frozenset({MentionType.ADE})
"""What is completely marked in a note drawn at random, by which such a note is known."""


def read_notes(texts: Path, annotations: Path = ANNOTATIONS, drawn: Path = DRAWN) -> list[Document]:
    """One document per annotated note.

    Args:
        texts: the notes of MTSamples, one JSON object a line.
        annotations: per line `note`, `sha256` of its text, `drugs` as [start, end] and
            `relations` as [drug, start, end, status], the drug by its place in `drugs`.
        drawn: likewise; other drugs may stand in these notes.

    Raises:
        CorpusError: a file is missing or malformed, or a text is not the one that was annotated.
    """
    known = _transcriptions(texts)
    return [
        *_documents(annotations, known),
        *(replace(one, complete=EVENTS_ALONE) for one in _documents(drawn, known)),
    ]


def _documents(annotations: Path, texts: dict[str, str]) -> list[Document]:
    try:
        lines = annotations.read_text(encoding="utf-8").splitlines()
        return [_document(json.loads(line), texts) for line in lines]
    except OSError as error:
        raise CorpusError(f"cannot read {annotations}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise CorpusError(
            f"{annotations} is no file of annotations: {type(error).__name__}"
        ) from None


def split_notes(notes: Sequence[Document], *, seed: int) -> Parts:
    """What was drawn at random measures; the rest is for training and to choose on."""
    parts = Parts([], [], [])
    for note in notes:
        if note.complete == EVENTS_ALONE:
            parts.test.append(note)
            continue
        dev = position(note.group, seed=seed) < DEV_FRACTION
        (parts.dev if dev else parts.train).append(note)
    return parts


def digest(text: str) -> str:
    """What an annotation remembers of its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _transcriptions(path: Path) -> dict[str, str]:
    try:
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return {
            f"mts-{number}": str(record["transcription"])
            for record in records
            for number in record["sample_ids"]
        }
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        # The line is the text of a note, and so may be the message of the error.
        raise CorpusError(f"{path} is no file of notes: {type(error).__name__}") from None


def _document(record: dict[str, Any], texts: dict[str, str]) -> Document:
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
        corpus=CORPUS,
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
