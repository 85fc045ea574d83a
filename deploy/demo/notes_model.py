"""What the demo makes of its notes: messages, gold, and the pairs planted in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from services.core.contracts import Assertion
from training.corpora.marked_note import MarkedNote, standing

NOTE_SCHEMA_VERSION = 1


def to_note_json(note: MarkedNote) -> dict[str, object]:
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


def to_gold_json(note: MarkedNote) -> dict[str, object]:
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


def pair_patients(notes: Sequence[MarkedNote]) -> dict[tuple[str, str], frozenset[str]]:
    """For every pair affirmed in a standing note, the patients who have it."""
    patients: dict[tuple[str, str], set[str]] = {}
    for note in standing(notes):
        for pair in note.pairs(Assertion.AFFIRMED):
            patients.setdefault(pair, set()).add(note.patient_key)
    return {pair: frozenset(keys) for pair, keys in sorted(patients.items())}


def planted_pairs(
    notes: Sequence[MarkedNote], *, min_patients: int = 3
) -> dict[tuple[str, str], frozenset[str]]:
    """For every planted pair, the patients in whom a standing note affirms it.

    A planted pair is one that notes tagged "planted" affirm in at least `min_patients`
    patients: such notes may hold a background pair as well, but that one is in two at most.
    """
    tagged = pair_patients([note for note in notes if "planted" in note.tags])
    planted = {pair for pair, patients in tagged.items() if len(patients) >= min_patients}
    return {pair: keys for pair, keys in pair_patients(notes).items() if pair in planted}
