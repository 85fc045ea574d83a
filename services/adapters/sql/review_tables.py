"""Tables of what people said of evidence, and of how candidate models disagree."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from services.adapters.sql.base import Base, UtcDateTime


class VerdictRow(Base, table=True):
    """What a person said of a relation in a wording; revisions of one start at 1, without gaps.

    No foreign key leads to the evidence: a verdict outlives the version of the note it was
    given on, and holds again when the same words come back.
    """

    __tablename__: ClassVar[Any] = "verdict"
    __table_args__ = (Index("ix_verdict_note_key", "note_key"),)

    evidence_key: str = Field(primary_key=True)
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    note_key: str
    judgement: str
    status: str | None
    judged_by: str
    judged_at: datetime = Field(sa_type=UtcDateTime)


class ShadowDisagreementRow(Base, table=True):
    """What one worker counted in one stretch of time; totals are sums."""

    __tablename__: ClassVar[Any] = "shadow_disagreement"

    entry_id: str = Field(primary_key=True)
    serving_ner: str
    serving_relation: str
    candidate_ner: str
    candidate_relation: str
    notes: int = Field(sa_type=BigInteger)
    same: int = Field(sa_type=BigInteger)
    only_serving: int = Field(sa_type=BigInteger)
    only_candidate: int = Field(sa_type=BigInteger)
    status_differs: int = Field(sa_type=BigInteger)
    dropped: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
