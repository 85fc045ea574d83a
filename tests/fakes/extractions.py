"""Extractions made from what matters to counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from services.core.contracts import (
    Assertion,
    Extraction,
    Mention,
    MentionType,
    NoteStatus,
    Pair,
    Relation,
    Sex,
    Versions,
)

VERSIONS = Versions(ner="ner-1", relation="relation-1", rules="rules-1", vocabulary="words-1")
RASH = Pair("amoxicillin", "rash")
COUGH = Pair("lisinopril", "cough")
BLEEDING = Pair("warfarin", "bleeding")


def extraction(
    note_id: str = "note-1",
    *pairs: Pair,
    version: int = 1,
    patient: str = "patient-1",
    assertion: Assertion | Sequence[Assertion] = Assertion.AFFIRMED,
    versions: Versions = VERSIONS,
    written_at: datetime = datetime(2026, 1, 1, 8, tzinfo=UTC),
    evidence_text: str = "Some drug caused some event.",
) -> Extraction:
    """A version of a note with one relation per pair (a repeated pair is a second relation).

    Args:
        assertion: of all relations, or one per pair.
    """
    assertions = [assertion] * len(pairs) if isinstance(assertion, Assertion) else assertion
    mentions: list[Mention] = []
    relations: list[Relation] = []
    for index, (pair, asserted) in enumerate(zip(pairs, assertions, strict=True)):
        drug = _mention(f"d{index}", MentionType.DRUG, pair.drug)
        event = _mention(f"e{index}", MentionType.ADE, pair.event)
        mentions += [drug, event]
        relations.append(
            Relation(
                relation_id=f"r{index}",
                drug_id=drug.mention_id,
                event_id=event.mention_id,
                probability=0.875,
                assertion=asserted,
                evidence_start=0,
                evidence_end=len(evidence_text),
                evidence_text=evidence_text,
            )
        )
    return Extraction(
        source="ehr",
        note_id=note_id,
        version=version,
        status=NoteStatus.CURRENT,
        patient_key=patient,
        written_at=written_at,
        sex=Sex.FEMALE,
        age_years=61,
        note_type=None,
        mentions=tuple(mentions),
        relations=tuple(relations),
        versions=versions,
    )


def telling(
    note_id: str,
    *told: tuple[Pair, str],
    patient: str = "patient-1",
    written_at: datetime = datetime(2026, 1, 1, 8, tzinfo=UTC),
    source: str = "ehr",
    version: int = 1,
    assertion: Assertion | Sequence[Assertion] = Assertion.AFFIRMED,
) -> Extraction:
    """A note with one relation per pair and its evidence; `assertion` as in `extraction`."""
    note = extraction(
        note_id,
        *(pair for pair, _ in told),
        patient=patient,
        assertion=assertion,
        written_at=written_at,
        version=version,
    )
    relations = tuple(
        replace(relation, evidence_text=text, evidence_end=len(text))
        for relation, (_, text) in zip(note.relations, told, strict=True)
    )
    return replace(note, source=source, relations=relations)


def retraction(
    note_id: str = "note-1", *, version: int = 1, patient: str = "patient-1"
) -> Extraction:
    """What is read from a note that was taken back."""
    return Extraction(
        source="ehr",
        note_id=note_id,
        version=version,
        status=NoteStatus.RETRACTED,
        patient_key=patient,
        written_at=datetime(2026, 1, 1, 9, tzinfo=UTC),
        sex=Sex.UNKNOWN,
        age_years=None,
        note_type=None,
        mentions=(),
        relations=(),
        versions=VERSIONS,
    )


def _mention(mention_id: str, kind: MentionType, concept: str) -> Mention:
    return Mention(
        mention_id=mention_id,
        type=kind,
        start=0,
        end=len(concept),
        text=concept,
        probability=0.9,
        concept=concept,
    )
