"""What the compiled demo notes are, as values.

Offsets are half-open character offsets [start, end) into the text without markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.core.contracts import Assertion, MentionType, NoteStatus, Sex

NOTE_SCHEMA_VERSION = 1


class DemoNoteError(ValueError):
    """A notes file breaks the format; the message says which file, which line and what.

    Args:
        where: "file:line".
        problem: what is wrong; names ids and fields.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where


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
class DemoNote:
    """One version of one demo note with its gold; `where` is the "file:line" of its header."""

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


def to_note_json(note: DemoNote) -> dict[str, object]:
    """The note as a message of topic `notes`, before serialisation."""
    return {
        "schema_version": NOTE_SCHEMA_VERSION,
        "source": note.source,
        "note_id": note.note_id,
        "version": note.version,
        "patient_key": note.patient_key,
        "written_at": note.written_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "text": note.text,
        "status": note.status.value,
        "sex": note.sex.value,
        "age_years": note.age_years,
        "note_type": note.note_type,
    }


def to_gold_json(note: DemoNote) -> dict[str, object]:
    """The gold of one version of a note; `text` is repeated so that offsets can be checked."""
    return {
        "source": note.source,
        "note_id": note.note_id,
        "version": note.version,
        "text": note.text,
        "mentions": [
            {
                "id": mention.mention_id,
                "type": mention.type.value,
                "start": mention.start,
                "end": mention.end,
                "text": mention.text,
            }
            for mention in note.mentions
        ],
        "relations": [
            {"drug": item.drug, "event": item.event, "status": item.status.value}
            for item in note.relations
        ],
    }


def standing(notes: Sequence[DemoNote]) -> tuple[DemoNote, ...]:
    """The last version of every note, without retracted notes, in the order given."""
    last: dict[tuple[str, str], DemoNote] = {}
    for note in notes:
        known = last.get((note.source, note.note_id))
        if known is None or note.version > known.version:
            last[note.source, note.note_id] = note
    return tuple(note for note in last.values() if note.status is NoteStatus.CURRENT)


def pair_patients(notes: Sequence[DemoNote]) -> dict[tuple[str, str], frozenset[str]]:
    """For every pair affirmed in a standing note, the patients who have it."""
    patients: dict[tuple[str, str], set[str]] = {}
    for note in standing(notes):
        for pair in note.pairs(Assertion.AFFIRMED):
            patients.setdefault(pair, set()).add(note.patient_key)
    return {pair: frozenset(keys) for pair, keys in sorted(patients.items())}


def planted_pairs(
    notes: Sequence[DemoNote], *, min_patients: int = 3
) -> dict[tuple[str, str], frozenset[str]]:
    """For every planted pair, the patients in whom a standing note affirms it.

    A planted pair is one that notes tagged "planted" affirm in at least `min_patients`
    patients: such notes may hold a background pair as well, but that one is in two at most.
    """
    tagged = pair_patients([note for note in notes if "planted" in note.tags])
    planted = {pair for pair, patients in tagged.items() if len(patients) >= min_patients}
    return {pair: keys for pair, keys in pair_patients(notes).items() if pair in planted}
