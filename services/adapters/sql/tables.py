"""Tables of the record of counting: notes, evidence, and the ledger of every change of a count.

There is no table of counts and none of cases: both are functions of the counted evidence, so
there is nothing here that could disagree with it. What changed is kept in the ledger.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Text
from sqlmodel import Field

from services.adapters.sql.base import Base, UtcDateTime


class NoteRow(Base, table=True):
    """The winning version of each note; a retracted one stays, so that older versions lose.

    `case_key` is the identity of its own pseudonym, whatever merges say: `patient_alias` has those.
    """

    __tablename__: ClassVar[Any] = "note"

    note_key: str = Field(primary_key=True)
    source: str
    note_id: str
    version: int = Field(sa_type=BigInteger)
    retracted: bool
    patient_key: str
    case_key: str
    written_at: datetime = Field(sa_type=UtcDateTime)
    sex: str
    age_years: int | None = Field(sa_type=BigInteger)
    note_type: str | None
    ner_version: str
    relation_version: str
    rules_version: str
    vocabulary_version: str
    extraction_id: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class EvidenceRow(Base, table=True):
    """One relation of the current version of a note. Offsets are characters, half-open.

    `person_key` is the patient, all merged pseudonyms together; `case_key` the case, which is the
    patient's for what does not count. `copy_of_note` and `copy_of_position` name the relation of
    an earlier note that a counted one only repeats; a copy is of its source's case and pair, so
    that it makes no difference to any count.
    """

    __tablename__: ClassVar[Any] = "evidence"
    __table_args__ = (
        Index("ix_evidence_case_key", "case_key"),
        Index("ix_evidence_person_key", "person_key"),
        # The concepts themselves may be too long for an index.
        Index("ix_evidence_pair_key", "pair_key"),
    )

    note_key: str = Field(primary_key=True, foreign_key="note.note_key")
    # Of the relation in its extraction; relation ids are of any length, too long for an index.
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    relation_id: str
    person_key: str
    case_key: str
    copy_of_note: str | None
    copy_of_position: int | None
    pair_key: str
    drug: str
    event: str
    drug_start: int = Field(sa_type=BigInteger)
    drug_end: int = Field(sa_type=BigInteger)
    drug_text: str
    drug_expansion: str
    drug_system: str | None
    drug_code: str | None
    drug_code_version: str | None
    drug_score: float | None
    event_start: int = Field(sa_type=BigInteger)
    event_end: int = Field(sa_type=BigInteger)
    event_text: str
    event_expansion: str
    event_system: str | None
    event_code: str | None
    event_code_version: str | None
    event_score: float | None
    assertion: str
    section: str | None
    counted: bool
    probability: float
    evidence_start: int = Field(sa_type=BigInteger)
    evidence_end: int = Field(sa_type=BigInteger)
    evidence_text: str = Field(sa_type=Text)
    written_at: datetime = Field(sa_type=UtcDateTime)
    ner_version: str
    relation_version: str
    rules_version: str
    vocabulary_version: str


class RemappingRow(Base, table=True):
    """One recount under another vocabulary; `ledger_sequence` is None if it changed no count.

    There is one for every change of the vocabulary of any evidence: which ones a relation was
    under is said by its note, by the recounts since that was recorded, and by its own row.
    """

    __tablename__: ClassVar[Any] = "remapping"

    remapping_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    vocabulary_version: str
    renamed: int = Field(sa_type=BigInteger)
    ledger_sequence: int | None = Field(sa_type=BigInteger)
    remapped_at: datetime = Field(sa_type=UtcDateTime)


class FormerConceptRow(Base, table=True):
    """Name and coding of a relation of the evidence until a recount that changed either.

    It goes with its note. Versions and scores of codes are None before revision 0010.
    """

    __tablename__: ClassVar[Any] = "former_concept"

    note_key: str = Field(primary_key=True, foreign_key="note.note_key")
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    remapping_id: int = Field(
        primary_key=True,
        sa_type=BigInteger,
        foreign_key="remapping.remapping_id",
        sa_column_kwargs={"autoincrement": False},
    )
    vocabulary_version: str
    drug: str
    drug_system: str | None
    drug_code: str | None
    drug_code_version: str | None
    drug_score: float | None
    event: str
    event_system: str | None
    event_code: str | None
    event_code_version: str | None
    event_score: float | None


class DecisionRow(Base, table=True):
    """What people decided that a surface is counted under."""

    __tablename__: ClassVar[Any] = "vocabulary_decision"

    type: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    surface: str
    concept: str
    decided_at: datetime = Field(sa_type=UtcDateTime)


class LedgerEntryRow(Base, table=True):
    """The change of the counts by one transaction; sequences start at 1 and have no gaps."""

    __tablename__: ClassVar[Any] = "ledger_entry"

    sequence: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    delta: dict[str, Any] = Field(sa_type=JSON)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class LedgerHeadRow(Base, table=True):
    """One row: which ledger this is, its last entry, and how far it was published."""

    __tablename__: ClassVar[Any] = "ledger_head"
    __table_args__ = (
        CheckConstraint("singleton = 1", name="singleton"),
        CheckConstraint("published <= sequence", name="published"),
    )

    singleton: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    ledger_id: str
    sequence: int = Field(sa_type=BigInteger)
    published: int = Field(sa_type=BigInteger)
