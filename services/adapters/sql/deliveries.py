"""The outbox of deliveries in SQL (`services.core.alert_ports.Outbox`).

A worker holds an endpoint by a token in the row of its subscription. Every step that depends on
the lease locks that row first, so leases are taken, renewed and lost in one order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, insert, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from services.adapters.sql.delivery_tables import (
    DeliveryAttemptRow,
    DeliveryRow,
    SubscriptionRow,
)
from services.adapters.sql.engine import reading, writing
from services.adapters.sql.subscriptions import subscription_of
from services.core.alert_ports import (
    Attempt,
    Delivery,
    DeliveryState,
    Lease,
    OutboxEntry,
    Verdict,
)

_ENTRIES_PER_STATEMENT = 500
_PENDING = DeliveryState.PENDING.value


class SqlOutbox:
    """One transaction per step; no lock is held while a request is under way.

    Args:
        engine: a migrated database, from `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enqueue(self, entries: Sequence[OutboxEntry], *, now: datetime) -> int:
        """In one transaction write those that are new, due at once; returns how many."""
        new = 0
        with writing(self._engine) as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            for chunk in _chunks(entries):
                written = connection.execute(
                    dialect.insert(DeliveryRow)
                    .values([_new_row(entry, now) for entry in chunk])
                    .on_conflict_do_nothing(index_elements=["delivery_id"])
                    .returning(col(DeliveryRow.delivery_id))
                )
                new += len(written.all())
        return new

    def lease(self, *, token: str, now: datetime, until: datetime, limit: int) -> list[Lease]:
        """Take enabled endpoints that have something due and that nobody else holds."""
        subscription_id = col(SubscriptionRow.subscription_id)
        due = (
            select(
                col(DeliveryRow.subscription_id),
                func.min(col(DeliveryRow.next_attempt_at)).label("waiting_since"),
            )
            .where(*_due(now))
            .group_by(col(DeliveryRow.subscription_id))
            .subquery()
        )
        free = (
            select(SubscriptionRow)
            .join(due, due.c.subscription_id == subscription_id)
            .where(
                col(SubscriptionRow.enabled).is_(True),
                _past(col(SubscriptionRow.leased_until), now),
                _past(col(SubscriptionRow.held_until), now),
            )
            .order_by(due.c.waiting_since, subscription_id)
            .limit(limit)
            .with_for_update(of=SubscriptionRow, skip_locked=True)
        )
        with writing(self._engine) as connection:
            found = [subscription_of(row) for row in connection.execute(free).mappings()]
            ids = [subscription.subscription_id for subscription in found]
            connection.execute(
                update(SubscriptionRow)
                .where(subscription_id.in_(ids))
                .values(lease_token=token, leased_until=until)
            )
        return [Lease(subscription=subscription, token=token) for subscription in found]

    def next_due(self, lease: Lease, *, now: datetime, until: datetime) -> Delivery | None:
        """The oldest due delivery of a leased endpoint; renews the lease until `until`."""
        endpoint = lease.subscription.subscription_id
        oldest = (
            select(DeliveryRow)
            .where(col(DeliveryRow.subscription_id) == endpoint, *_due(now))
            .order_by(col(DeliveryRow.sequence))
            .limit(1)
        )
        with writing(self._engine) as connection:
            renewed = connection.execute(
                update(SubscriptionRow)
                .where(
                    *_held(lease),
                    col(SubscriptionRow.enabled).is_(True),
                    _past(col(SubscriptionRow.held_until), now),
                )
                .values(leased_until=until)
            )
            if renewed.rowcount != 1:
                return None
            row = connection.execute(oldest).mappings().one_or_none()
        return None if row is None else _delivery(row)

    def record(
        self, lease: Lease, delivery: Delivery, *, attempt: Attempt, verdict: Verdict
    ) -> None:
        """In one transaction keep the attempt and do what the verdict says."""
        mine = select(SubscriptionRow.subscription_id).where(*_held(lease)).with_for_update()
        with writing(self._engine) as connection:
            ours = connection.execute(mine).one_or_none() is not None
            _keep(connection, delivery, attempt)
            if ours or verdict.state is DeliveryState.DELIVERED:
                _settle(connection, delivery, attempt, verdict)
            consequences = _consequences(verdict)
            if ours and consequences:
                connection.execute(
                    update(SubscriptionRow).where(*_held(lease)).values(**consequences)
                )

    def release(self, lease: Lease) -> None:
        """Give a lease back early; one that was lost stays lost."""
        with writing(self._engine) as connection:
            connection.execute(
                update(SubscriptionRow)
                .where(*_held(lease))
                .values(lease_token=None, leased_until=None)
            )

    def replay(self, delivery_id: str, *, now: datetime) -> bool:
        """Make a delivery due now with a fresh schedule."""
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(DeliveryRow)
                .where(col(DeliveryRow.delivery_id) == delivery_id)
                .values(state=_PENDING, failures=0, next_attempt_at=now, finished_at=None)
            )
        return changed.rowcount == 1

    def deliveries(self, *, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        """The newest deliveries, newest first."""
        query = select(DeliveryRow).order_by(col(DeliveryRow.sequence).desc()).limit(limit)
        if state is not None:
            query = query.where(col(DeliveryRow.state) == state.value)
        with reading(self._engine) as connection:
            return [_delivery(row) for row in connection.execute(query).mappings()]

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """All attempts of a delivery, in the order in which they were recorded."""
        query = (
            select(
                DeliveryAttemptRow.started_at,
                DeliveryAttemptRow.duration_seconds,
                DeliveryAttemptRow.status,
                DeliveryAttemptRow.error,
            )
            .where(col(DeliveryAttemptRow.delivery_id) == delivery_id)
            .order_by(col(DeliveryAttemptRow.number))
        )
        with reading(self._engine) as connection:
            return [Attempt(**row) for row in connection.execute(query).mappings()]

    def states(self) -> Mapping[DeliveryState, int]:
        """How many deliveries are in each state; all states are named."""
        query = select(DeliveryRow.state, func.count()).group_by(DeliveryRow.state)
        with reading(self._engine) as connection:
            counted = {state: int(count) for state, count in connection.execute(query)}
        return {state: counted.get(state.value, 0) for state in DeliveryState}


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (col(DeliveryRow.state) == _PENDING, col(DeliveryRow.next_attempt_at) <= now)


def _held(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    # By token alone: a lease that expired and that nobody took meanwhile is still ours.
    return (
        col(SubscriptionRow.subscription_id) == lease.subscription.subscription_id,
        col(SubscriptionRow.lease_token) == lease.token,
    )


def _past(column: Any, now: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= now)


def _keep(connection: Connection, delivery: Delivery, attempt: Attempt) -> None:
    number = connection.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.delivery_id) == delivery.delivery_id)
        .values(attempts=col(DeliveryRow.attempts) + 1)
        .returning(col(DeliveryRow.attempts))
    ).scalar_one()
    connection.execute(
        insert(DeliveryAttemptRow).values(
            delivery_id=delivery.delivery_id,
            number=number,
            started_at=attempt.started_at,
            duration_seconds=attempt.duration_seconds,
            status=attempt.status,
            error=attempt.error,
        )
    )


def _settle(connection: Connection, delivery: Delivery, attempt: Attempt, verdict: Verdict) -> None:
    pending = verdict.state is DeliveryState.PENDING
    finished_at = attempt.started_at + timedelta(seconds=attempt.duration_seconds)
    connection.execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.delivery_id) == delivery.delivery_id,
            # Once delivered stays delivered, whatever a slower worker says.
            col(DeliveryRow.state) == _PENDING,
        )
        .values(
            state=verdict.state.value,
            failures=delivery.failures + (verdict.state is not DeliveryState.DELIVERED),
            next_attempt_at=verdict.next_attempt_at,
            finished_at=None if pending else finished_at,
        )
    )


def _consequences(verdict: Verdict) -> dict[str, object]:
    values: dict[str, object] = {}
    if verdict.hold_until is not None:
        values["held_until"] = verdict.hold_until
    if verdict.disable_reason is not None:
        values |= {"enabled": False, "disabled_reason": verdict.disable_reason}
    return values


def _new_row(entry: OutboxEntry, now: datetime) -> dict[str, object]:
    return {
        "delivery_id": entry.delivery_id,
        "subscription_id": entry.subscription_id,
        "transition_id": entry.transition_id,
        "body": entry.body,
        "state": _PENDING,
        "attempts": 0,
        "failures": 0,
        "next_attempt_at": now,
        "created_at": now,
        "finished_at": None,
    }


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(**{**row, "state": DeliveryState(row["state"])})


def _chunks(entries: Sequence[OutboxEntry]) -> Iterator[list[OutboxEntry]]:
    remaining = iter(entries)
    while chunk := list(islice(remaining, _ENTRIES_PER_STATEMENT)):
        yield chunk
