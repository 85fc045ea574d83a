"""What must hold of a demo note, and of all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deploy.demo.notes_model import DemoNote, DemoNoteError
from services.core.contracts import MentionType, NoteStatus


def check_note(note: DemoNote) -> None:
    """Check one note by itself.

    Raises:
        DemoNoteError: ids, offsets, relations or the status contradict each other.
    """
    if note.version < 1:
        raise DemoNoteError(note.where, "versions count from 1")
    _check_emptiness(note)
    _check_ids(note)
    for mention in note.mentions:
        if note.text[mention.start : mention.end] != mention.text:
            raise DemoNoteError(note.where, f"the offsets of {mention.mention_id} do not match")
    triples = Counter((item.drug, item.event) for item in note.relations)
    for (drug, event), times in triples.items():
        if times > 1:
            raise DemoNoteError(note.where, f"{drug} > {event} is given twice")
    if "none" in note.tags and note.relations:
        raise DemoNoteError(note.where, "tagged none, but has relations")


def _check_emptiness(note: DemoNote) -> None:
    if note.status is NoteStatus.RETRACTED and (note.text or note.relations):
        raise DemoNoteError(note.where, "a retraction has no text and no relations")
    if note.status is NoteStatus.CURRENT and not note.text:
        raise DemoNoteError(note.where, "the note has no text")


def _check_ids(note: DemoNote) -> None:
    counts = Counter(mention.mention_id for mention in note.mentions)
    twice = sorted(mention_id for mention_id, times in counts.items() if times > 1)
    if twice:
        raise DemoNoteError(note.where, f"defined twice: {', '.join(twice)}")
    used = {name for item in note.relations for name in (item.drug, item.event)}
    undefined = sorted(used - counts.keys())
    if undefined:
        raise DemoNoteError(note.where, f"used but not marked: {', '.join(undefined)}")
    # Every drug is marked, in a relation or not; events are marked only for a relation.
    unused = sorted(
        mention.mention_id
        for mention in note.mentions
        if mention.type is MentionType.ADE and mention.mention_id not in used
    )
    if unused:
        raise DemoNoteError(note.where, f"marked but in no relation: {', '.join(unused)}")


def check_corpus(notes: Sequence[DemoNote]) -> None:
    """Check that notes do not contradict each other.

    Raises:
        DemoNoteError: a version twice or out of step with the one before, a patient of two
            sexes or of ages more than a year apart, or a repeat of no earlier note of the
            patient.
    """
    versions: dict[tuple[str, int], DemoNote] = {}
    patients: dict[str, DemoNote] = {}
    for note in notes:
        key = (note.note_id, note.version)
        if key in versions:
            raise DemoNoteError(note.where, f"version {note.version} is given twice")
        versions[key] = note
        _check_patient(note, patients.setdefault(note.patient_key, note))
    for note in notes:
        if note.version > 1:
            _check_versions(note, versions.get((note.note_id, note.version - 1)))
        if note.repeat_of is not None:
            _check_repeat(note, versions.get((note.repeat_of, 1)))


def _check_patient(note: DemoNote, known: DemoNote) -> None:
    if note.sex is not known.sex:
        raise DemoNoteError(note.where, f"the patient has another sex in {known.where}")
    if note.age_years is None or known.age_years is None:
        return
    if abs(note.age_years - known.age_years) > 1:
        raise DemoNoteError(note.where, f"the patient has another age in {known.where}")


def _check_versions(note: DemoNote, earlier: DemoNote | None) -> None:
    if earlier is None:
        raise DemoNoteError(note.where, f"there is no version {note.version - 1}")
    if (note.source, note.patient_key) != (earlier.source, earlier.patient_key):
        raise DemoNoteError(note.where, f"another source or patient than {earlier.where}")
    if note.written_at < earlier.written_at:
        raise DemoNoteError(note.where, f"written before {earlier.where}")


def _check_repeat(note: DemoNote, earlier: DemoNote | None) -> None:
    if earlier is None or earlier.patient_key != note.patient_key:
        raise DemoNoteError(note.where, f"{note.repeat_of} is no note of this patient")
    if note.written_at <= earlier.written_at:
        raise DemoNoteError(note.where, f"does not come after {earlier.where}")
