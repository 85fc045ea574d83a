"""What a set of demo notes holds, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deploy.demo.notes_model import pair_patients, planted_pairs
from services.core.contracts import MentionType, NoteStatus
from training.corpora.marked_note import MarkedNote, standing


def statistics(notes: Sequence[MarkedNote]) -> str:
    """Counts of notes, mentions, relations and pairs, one line each."""
    types = Counter(mention.type for note in notes for mention in note.mentions)
    statuses = Counter(relation.status.value for note in notes for relation in note.relations)
    tags = Counter(tag for note in notes for tag in note.tags)
    words = sorted(len(note.text.split()) for note in notes if note.text) or [0]
    affirmed = pair_patients(notes)
    planted = planted_pairs(notes)
    rows = [
        f"note versions {len(notes)}, notes {len({(n.source, n.note_id) for n in notes})}, "
        f"standing {len(standing(notes))}",
        f"amendments {sum(n.version > 1 and n.status is NoteStatus.CURRENT for n in notes)}, "
        f"retractions {sum(n.status is NoteStatus.RETRACTED for n in notes)}",
        f"patients {len({note.patient_key for note in notes})}, "
        f"sources {len({note.source for note in notes})}, "
        f"note types {len({note.note_type for note in notes})}",
        f"words per note: median {words[len(words) // 2]}, from {words[0]} to {words[-1]}",
        f"mentions: {types[MentionType.DRUG]} drugs, {types[MentionType.ADE]} events",
        f"relations: {_counts(statuses)}",
        f"notes without a relation {sum(not n.relations for n in notes if n.text)}",
        f"tags: {_counts(tags)}",
        f"affirmed pairs in standing notes {len(affirmed)}, planted {len(planted)}",
    ]
    rows += [
        f"  planted {drug} / {event}: {len(patients)} patients"
        for (drug, event), patients in planted.items()
    ]
    return "\n".join(rows) + "\n"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counter.items())) or "none"
