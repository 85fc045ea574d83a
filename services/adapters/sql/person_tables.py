"""Tables of patients with several pseudonyms."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index
from sqlmodel import Field

from services.adapters.sql.base import Base, UtcDateTime


class PatientMergeRow(Base, table=True):
    """What a source said: two pseudonyms are one patient."""

    __tablename__: ClassVar[Any] = "patient_merge"

    merge_id: str = Field(primary_key=True)
    source: str
    surviving: str
    retired: str
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class PatientAliasRow(Base, table=True):
    """The person of an identity (`identity.case_key`); one that is in no merge has no row."""

    __tablename__: ClassVar[Any] = "patient_alias"
    __table_args__ = (Index("ix_patient_alias_person_key", "person_key"),)

    patient: str = Field(primary_key=True)
    person_key: str
