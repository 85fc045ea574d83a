"""Webhooks: who gets them, and what became of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from services.alert.subscriptions import new_subscription
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.alert_ports import Delivery, DeliveryState, Subscription
from services.core.errors import ConfigurationError
from services.core.signal_contracts import Transition

subscriptions = typer.Typer(help="Endpoints that get alerts.", no_args_is_help=True)
deliveries = typer.Typer(help="Alerts that were or will be delivered.", no_args_is_help=True)

SubscriptionId = Annotated[str, typer.Argument(help="As `subscriptions list` shows it.")]


@subscriptions.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where to POST.")],
    secret_file: Annotated[
        Path | None,
        typer.Option(help="File with one secret (whsec_…) a line, the newest first."),
    ] = None,
    secret_env: Annotated[
        str | None, typer.Option(help="Environment variable of the workers with the secret.")
    ] = None,
    transition: Annotated[
        list[Transition] | None, typer.Option(help="Only these transitions; repeatable.")
    ] = None,
) -> None:
    """Send alerts to an endpoint from now on."""
    if (secret_file is None) == (secret_env is None):
        raise ConfigurationError("give one of --secret-file and --secret-env")
    reference = f"env:{secret_env}" if secret_file is None else str(secret_file.resolve())

    async def work(components: Components) -> Subscription:
        subscription = new_subscription(
            url=url,
            secret_reference=reference,
            transitions=transition or None,
            created_at=components.clock.now(),
            allow_insecure=components.allow_insecure_webhooks,
        )
        components.subscriptions.add(subscription)
        return subscription

    out.print(f"subscription {with_components(work).subscription_id} added")


@subscriptions.command("list")
def list_subscriptions() -> None:
    """Show all endpoints."""

    async def work(components: Components) -> list[Subscription]:
        return components.subscriptions.subscriptions()

    table = Table("id", "url", "transitions", "state", box=None, header_style="dim")
    for subscription in with_components(work):
        wanted = sorted(subscription.transitions or ())
        state = "enabled" if subscription.enabled else f"disabled: {subscription.disabled_reason}"
        table.add_row(
            subscription.subscription_id, subscription.url, ", ".join(wanted) or "all", state
        )
    out.print(table)


@subscriptions.command()
def disable(subscription_id: SubscriptionId) -> None:
    """Stop deliveries to an endpoint; what is pending waits."""

    async def work(components: Components) -> bool:
        return components.subscriptions.disable(subscription_id, "by an operator")

    _must_exist(with_components(work))


@subscriptions.command()
def enable(subscription_id: SubscriptionId) -> None:
    """Deliver to an endpoint again; what waited is due at once."""

    async def work(components: Components) -> bool:
        return components.subscriptions.enable(subscription_id)

    _must_exist(with_components(work))


@deliveries.command("list")
def list_deliveries(
    state: Annotated[DeliveryState | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """Show deliveries, the newest first."""

    async def work(components: Components) -> list[Delivery]:
        return components.outbox.deliveries(state=state, limit=limit)

    table = Table(
        "id", "subscription", "state", "attempts", "next attempt", box=None, header_style="dim"
    )
    for delivery in with_components(work):
        due = delivery.next_attempt_at
        table.add_row(
            delivery.delivery_id,
            delivery.subscription_id,
            delivery.state.value,
            str(delivery.attempts),
            due.isoformat(timespec="seconds") if due else "",
        )
    out.print(table)


@deliveries.command()
def replay(
    delivery_id: Annotated[str, typer.Argument(help="As `deliveries list` shows it.")],
) -> None:
    """Deliver again, under the same id."""

    async def work(components: Components) -> bool:
        return components.outbox.replay(delivery_id, now=components.clock.now())

    if not with_components(work):
        raise ConfigurationError("there is no such delivery")
    out.print("it is due now")


def _must_exist(found: bool) -> None:
    if not found:
        raise ConfigurationError("there is no such subscription")
    out.print("done")
