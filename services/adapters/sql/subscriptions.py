"""Subscriptions in SQL (`services.core.alert_ports.Subscriptions`)."""

from __future__ import annotations

from sqlalchemy import Engine, RowMapping, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from services.adapters.sql.delivery_tables import SubscriptionRow
from services.adapters.sql.engine import reading, writing
from services.core.alert_ports import Subscription
from services.core.signal_contracts import Transition


class SqlSubscriptions:
    """The endpoints that want alerts; none is ever deleted, deliveries point to them.

    Args:
        engine: a migrated database, from `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, subscription: Subscription) -> None:
        """Add it, or replace secret reference and filter of the one with its id and enable it."""
        wanted = subscription.transitions
        changing = {
            "secret_reference": subscription.secret_reference,
            "transitions": None if wanted is None else sorted(item.value for item in wanted),
            "enabled": subscription.enabled,
            "disabled_reason": subscription.disabled_reason,
            "held_until": None,
        }
        with writing(self._engine) as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            connection.execute(
                dialect.insert(SubscriptionRow)
                .values(
                    subscription_id=subscription.subscription_id,
                    url=subscription.url,
                    created_at=subscription.created_at,
                    **changing,
                )
                .on_conflict_do_update(index_elements=["subscription_id"], set_=changing)
            )

    def subscriptions(self, *, enabled_only: bool = False) -> list[Subscription]:
        """All, oldest first."""
        query = select(SubscriptionRow).order_by(
            col(SubscriptionRow.created_at), col(SubscriptionRow.subscription_id)
        )
        if enabled_only:
            query = query.where(col(SubscriptionRow.enabled).is_(True))
        with reading(self._engine) as connection:
            return [subscription_of(row) for row in connection.execute(query).mappings()]

    def disable(self, subscription_id: str, reason: str) -> bool:
        """Stop deliveries to it; pending ones wait."""
        return self._change(subscription_id, enabled=False, disabled_reason=reason)

    def enable(self, subscription_id: str) -> bool:
        """Deliver again, also what waited meanwhile."""
        return self._change(subscription_id, enabled=True, disabled_reason=None, held_until=None)

    def _change(self, subscription_id: str, **values: object) -> bool:
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(SubscriptionRow)
                .where(col(SubscriptionRow.subscription_id) == subscription_id)
                .values(**values)
            )
        return changed.rowcount == 1


def subscription_of(row: RowMapping) -> Subscription:
    """A row of `subscription` as a value."""
    wanted = row["transitions"]
    return Subscription(
        subscription_id=row["subscription_id"],
        url=row["url"],
        secret_reference=row["secret_reference"],
        transitions=None if wanted is None else frozenset(Transition(item) for item in wanted),
        enabled=row["enabled"],
        disabled_reason=row["disabled_reason"],
        created_at=row["created_at"],
    )
