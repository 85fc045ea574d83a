"""Relations in more dictations of MTSamples, annotated for this project and kept apart from them.

The repository holds offsets only (`dictations/*.jsonl`); the texts, whose licence is not
formal, lie in the data folder. `DATASHEET.md` beside it says how they were chosen and annotated.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.corpora.documents import Document
from training.corpora.offsets import EVENTS_ALONE, read_offsets
from training.errors import CorpusError
from training.train.splits import Parts, position

CORPUS = "dictations"

FOLDER = Path(__file__).parent / "dictations"

ANNOTATIONS = FOLDER / "annotations.jsonl"
"""Notes chosen for what they say of drugs, to train and to choose on."""

DRAWN = FOLDER / "drawn.jsonl"
"""Notes drawn at random, to measure on. Only the drugs that are blamed are marked."""

DEV_FRACTION = 0.15


def read_notes(texts: Path, annotations: Path = ANNOTATIONS, drawn: Path = DRAWN) -> list[Document]:
    """One document per annotated note.

    Args:
        texts: the notes of MTSamples, one JSON object a line.
        annotations: see `read_offsets`.
        drawn: likewise; other drugs may stand in these notes.

    Raises:
        CorpusError: a file is missing or malformed, or a text is not the one that was annotated.
    """
    known = _transcriptions(texts)
    return [
        *read_offsets(annotations, known, corpus=CORPUS),
        *(replace(one, complete=EVENTS_ALONE) for one in read_offsets(drawn, known, corpus=CORPUS)),
    ]


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
