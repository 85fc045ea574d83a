"""Our own corpus of clinical notes, and the demo's notes, which are its fixed test part.

Both are written with the markup of `training.corpora.markup`. Every drug name is annotated; events
where they take part in a relation, which is the definition of an event mention here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from services.core.contracts import MentionType
from services.core.sentences import split_sentences
from services.core.spans import Span
from training.corpora.documents import (
    AnnotatedMention,
    AnnotatedRelation,
    AnnotatedTrap,
    Document,
)
from training.corpora.marked_note import MarkedNote, standing
from training.corpora.markup import compile_notes
from training.train.splits import Parts, position

CORPUS = "adewatch"
NOTES = Path(__file__).parent / "adewatch_notes" / "notes"
DEMO_NOTES = Path(__file__).parents[2] / "deploy" / "demo" / "notes"

MEASURED_OF = 8
"""Of so many patients one only measures. The rules of assertion were written with the notes of the
others in view: these may train models, but measure nothing that the rules have a part in."""

DEV_FRACTION = 0.10
_DEMO_PREFIX = "demo:"


def read_notes(notes: Path = NOTES, demo: Path = DEMO_NOTES) -> list[Document]:
    """One document per note of both folders, grouped by patient; of an amended note the last
    version.

    Raises:
        CorpusError: a folder holds no notes, or a file breaks the format.
    """
    return [
        *documents(compile_notes(notes), prefix=""),
        *documents(compile_notes(demo), prefix=_DEMO_PREFIX),
    ]


def split_notes(notes: Sequence[Document], *, seed: int) -> Parts:
    """The demo's notes are test, and those of patients that only measure; the others are divided
    by patient into training and dev."""
    parts = Parts([], [], [])
    for note in notes:
        if note.doc_id.startswith(_DEMO_PREFIX) or only_measures(note.group):
            parts.test.append(note)
        elif position(note.group, seed=seed) < DEV_FRACTION:
            parts.dev.append(note)
        else:
            parts.train.append(note)
    return parts


def only_measures(patient: str) -> bool:
    """Whether a patient, by the number at the end of the key, is one of those that only measure."""
    number = re.search(r"\d+$", patient)
    return number is not None and int(number[0]) % MEASURED_OF == 0


def documents(notes: Sequence[MarkedNote], *, prefix: str) -> list[Document]:
    """The last standing version of every note."""
    return [_document(note, prefix) for note in standing(notes)]


def _document(note: MarkedNote, prefix: str) -> Document:
    return Document(
        doc_id=f"{prefix}{note.note_id}",
        group=f"adewatch:{prefix}{note.patient_key}",
        corpus=CORPUS,
        text=note.text,
        sentences=tuple(split_sentences(note.text)),
        mentions=tuple(
            AnnotatedMention(mention.mention_id, mention.type, Span(mention.start, mention.end))
            for mention in note.mentions
        ),
        relations=tuple(
            AnnotatedRelation(relation.drug, relation.event, relation.status.value)
            for relation in note.relations
        ),
        complete=frozenset(MentionType),
        traps=tuple(
            AnnotatedTrap(trap.kind.value, Span(trap.start, trap.end)) for trap in note.traps
        ),
    )
