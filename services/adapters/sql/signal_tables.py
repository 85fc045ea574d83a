"""Tables of the record of signals."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlmodel import Field

from services.adapters.sql.base import Base, UtcDateTime


class SignalRow(Base, table=True):
    """A signal as its last transition left it."""

    __tablename__: ClassVar[Any] = "signal"
    __table_args__ = (
        Index(
            "ix_signal_active",
            "signal_id",
            sqlite_where=text("active"),
            postgresql_where=text("active"),
        ),
    )

    signal_id: str = Field(primary_key=True)
    drug: str
    event: str
    state: str
    active: bool
    revision: int
    first_detected_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)


class SignalTransitionRow(Base, table=True):
    """One transition, with the snapshot as it goes out; the outbox is what has no
    `published_at`."""

    __tablename__: ClassVar[Any] = "signal_transition"
    __table_args__ = (
        UniqueConstraint("signal_id", "revision"),
        Index(
            "ix_signal_transition_unpublished",
            "occurred_at",
            sqlite_where=text("published_at IS NULL"),
            postgresql_where=text("published_at IS NULL"),
        ),
    )

    transition_id: str = Field(primary_key=True)
    signal_id: str = Field(foreign_key="signal.signal_id")
    revision: int
    transition: str
    snapshot: dict[str, Any] = Field(sa_type=JSON)
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
