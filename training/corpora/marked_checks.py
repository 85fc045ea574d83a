"""What must hold of a note with markup, and of all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.core.contracts import MentionType, NoteStatus
from training.corpora.marked_note import GoldMention, GoldTrap, MarkedNote, MarkupError


def check_note(note: MarkedNote) -> None:
    """Check one note by itself.

    Raises:
        MarkupError: ids, offsets, relations or the status contradict each other.
    """
    if note.version < 1:
        raise MarkupError(note.where, "versions count from 1")
    _check_emptiness(note)
    _check_ids(note)
    for name, marked in _marked(note):
        if note.text[marked.start : marked.end] != marked.text:
            raise MarkupError(note.where, f"the offsets of {name} do not match")
    triples = Counter((item.drug, item.event) for item in note.relations)
    for (drug, event), times in triples.items():
        if times > 1:
            raise MarkupError(note.where, f"{drug} > {event} is given twice")
    if "none" in note.tags and note.relations:
        raise MarkupError(note.where, "tagged none, but has relations")


def _check_emptiness(note: MarkedNote) -> None:
    if note.status is NoteStatus.RETRACTED and (note.text or note.relations):
        raise MarkupError(note.where, "a retraction has no text and no relations")
    if note.status is NoteStatus.CURRENT and not note.text:
        raise MarkupError(note.where, "the note has no text")


def _check_ids(note: MarkedNote) -> None:
    counts = Counter(name for name, _ in _marked(note))
    twice = sorted(mention_id for mention_id, times in counts.items() if times > 1)
    if twice:
        raise MarkupError(note.where, f"defined twice: {', '.join(twice)}")
    used = {name for item in note.relations for name in (item.drug, item.event)}
    undefined = sorted(used - {mention.mention_id for mention in note.mentions})
    if undefined:
        raise MarkupError(note.where, f"used but not marked: {', '.join(undefined)}")
    # Every drug is marked, in a relation or not; events are marked only for a relation.
    unused = sorted(
        mention.mention_id
        for mention in note.mentions
        if mention.type is MentionType.ADE and mention.mention_id not in used
    )
    if unused:
        raise MarkupError(note.where, f"marked but in no relation: {', '.join(unused)}")


def _marked(note: MarkedNote) -> list[tuple[str, GoldMention | GoldTrap]]:
    """All that is marked, with its id."""
    return [
        *((mention.mention_id, mention) for mention in note.mentions),
        *((trap.trap_id, trap) for trap in note.traps),
    ]


def check_corpus(notes: Sequence[MarkedNote]) -> None:
    """Check that notes do not contradict each other.

    Raises:
        MarkupError: a version twice or out of step with the one before, a patient of two
            sexes or of ages more than a year apart, or a repeat of no earlier note of the
            patient.
    """
    versions: dict[tuple[str, int], MarkedNote] = {}
    patients: dict[str, MarkedNote] = {}
    for note in notes:
        key = (note.note_id, note.version)
        if key in versions:
            raise MarkupError(note.where, f"version {note.version} is given twice")
        versions[key] = note
        _check_patient(note, patients.setdefault(note.patient_key, note))
    for note in notes:
        if note.version > 1:
            _check_versions(note, versions.get((note.note_id, note.version - 1)))
        if note.repeat_of is not None:
            _check_repeat(note, versions.get((note.repeat_of, 1)))


def _check_patient(note: MarkedNote, known: MarkedNote) -> None:
    if note.sex is not known.sex:
        raise MarkupError(note.where, f"the patient has another sex in {known.where}")
    if note.age_years is None or known.age_years is None:
        return
    if abs(note.age_years - known.age_years) > 1:
        raise MarkupError(note.where, f"the patient has another age in {known.where}")


def _check_versions(note: MarkedNote, earlier: MarkedNote | None) -> None:
    if earlier is None:
        raise MarkupError(note.where, f"there is no version {note.version - 1}")
    if (note.source, note.patient_key) != (earlier.source, earlier.patient_key):
        raise MarkupError(note.where, f"another source or patient than {earlier.where}")
    if note.written_at < earlier.written_at:
        raise MarkupError(note.where, f"written before {earlier.where}")


def _check_repeat(note: MarkedNote, earlier: MarkedNote | None) -> None:
    if earlier is None or earlier.patient_key != note.patient_key:
        raise MarkupError(note.where, f"{note.repeat_of} is no note of this patient")
    if note.written_at <= earlier.written_at:
        raise MarkupError(note.where, f"does not come after {earlier.where}")
