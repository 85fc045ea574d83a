"""Notes written with inline markup, as values: what `training.corpora.markup` reads.

Offsets are half-open character offsets [start, end) into the text without markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.core.contracts import Assertion, MentionType, NoteStatus, Sex
from training.errors import CorpusError


class MarkupError(CorpusError):
    """A notes file breaks the format; the message says which file, which line and what.

    Args:
        where: "file:line".
        problem: what is wrong; names ids and fields.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where


class TrapKind(StrEnum):
    """Why a phrase that looks like the event of a drug is none."""

    INDICATION = "indication"
    ALLERGY = "allergy"
    WANTED = "wanted"
    COINCIDENCE = "coincidence"
    DISEASE = "disease"
    STOPPED = "stopped"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldMention:
    """A marked span of the text; `mention_id` is the id of the markup ("D1", "A2")."""

    mention_id: str
    type: MentionType
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldRelation:
    """What the writer of the note asserts of drug → event; ids are those of the mentions."""

    drug: str
    event: str
    status: Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldTrap:
    """A phrase that tempts and is no event of a drug; `trap_id` is the id of the markup ("T1")."""

    trap_id: str
    kind: TrapKind
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedNote:
    """One version of one note with its gold; `where` is the "file:line" of its header."""

    source: str
    note_id: str
    version: int
    patient_key: str
    written_at: datetime
    text: str
    status: NoteStatus
    sex: Sex
    age_years: int | None
    note_type: str | None
    mentions: tuple[GoldMention, ...]
    relations: tuple[GoldRelation, ...]
    traps: tuple[GoldTrap, ...]
    tags: frozenset[str]
    repeat_of: str | None
    where: str

    def pairs(self, *statuses: Assertion) -> frozenset[tuple[str, str]]:
        """(drug, event), lower case and single-spaced, of the relations with these statuses."""
        wording = {m.mention_id: normalise(m.text) for m in self.mentions}
        return frozenset(
            (wording[relation.drug], wording[relation.event])
            for relation in self.relations
            if relation.status in statuses
        )


def normalise(surface: str) -> str:
    """The surface in lower case with single spaces."""
    return " ".join(surface.lower().split())


def standing(notes: Sequence[MarkedNote]) -> tuple[MarkedNote, ...]:
    """The last version of every note, without retracted notes, in the order given."""
    last: dict[tuple[str, str], MarkedNote] = {}
    for note in notes:
        known = last.get((note.source, note.note_id))
        if known is None or note.version > known.version:
            last[note.source, note.note_id] = note
    return tuple(note for note in last.values() if note.status is NoteStatus.CURRENT)
