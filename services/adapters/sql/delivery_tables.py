"""Tables of alerting: who wants alerts, what is to be delivered, and every attempt at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Index, Integer, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from services.adapters.sql.base import Base, UtcDateTime

# SQLite numbers rows by itself only in a column of exactly this type.
Sequence = BigInteger().with_variant(Integer(), "sqlite")


class SubscriptionRow(Base, table=True):
    """An endpoint, and which worker serves it now. Secrets are elsewhere."""

    __tablename__: ClassVar[Any] = "subscription"

    subscription_id: str = Field(primary_key=True)
    url: str
    secret_reference: str
    transitions: list[str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    enabled: bool
    disabled_reason: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease_token: str | None = None
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DeliveryRow(Base, table=True):
    """The outbox: one alert for one endpoint, with the very bytes that are sent."""

    __tablename__: ClassVar[Any] = "delivery"
    __table_args__ = (
        UniqueConstraint("delivery_id"),
        Index(
            "ix_delivery_pending",
            "subscription_id",
            "sequence",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    sequence: int | None = Field(default=None, primary_key=True, sa_type=Sequence)
    delivery_id: str
    subscription_id: str = Field(foreign_key="subscription.subscription_id")
    transition_id: str
    body: bytes = Field(sa_type=LargeBinary)
    state: str
    attempts: int
    failures: int
    next_attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DeliveryAttemptRow(Base, table=True):
    """One attempt: when, how long, and the status code or the kind of failure."""

    __tablename__: ClassVar[Any] = "delivery_attempt"

    delivery_id: str = Field(primary_key=True, foreign_key="delivery.delivery_id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    started_at: datetime = Field(sa_type=UtcDateTime)
    duration_seconds: float
    status: int | None = None
    error: str | None = None
