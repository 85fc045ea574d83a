"""What alerting needs from the outside: subscriptions, the outbox of deliveries, a sender.

As with `services.core.ports`, a record raises `DependencyUnavailable` and `IntegrityError` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.core.signal_contracts import Transition
from services.core.signing import SigningSecret


class DeliveryState(StrEnum):
    """Whether a delivery is still to be made."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An endpoint that wants alerts.

    Attributes:
        subscription_id: its identity, made from the URL.
        url: where to POST.
        secret_reference: where the secrets are: a file's path, or `env:NAME`. Never a secret.
        transitions: those it wants; None for all, also those that do not exist yet.
        enabled: whether it gets alerts.
        disabled_reason: why not.
        created_at: when it was first added.
    """

    subscription_id: str
    url: str
    secret_reference: str
    transitions: frozenset[Transition] | None = None
    enabled: bool = True
    disabled_reason: str | None = None
    created_at: datetime

    def wants(self, transition: Transition) -> bool:
        """Whether the filter lets a transition through."""
        return self.transitions is None or transition in self.transitions


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A delivery as it enters the outbox; `body` is sent byte for byte on every attempt.

    `delivery_id` is the alert's id and the webhook's id.
    """

    delivery_id: str
    subscription_id: str
    transition_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row of the outbox.

    Attributes:
        sequence: the order of entry.
        attempts: all that were made.
        failures: failed attempts of the present run of the schedule; a replay starts a new run.
        next_attempt_at: when it is due; None when it is not pending.
        finished_at: when it was delivered or given up.
    """

    delivery_id: str
    subscription_id: str
    transition_id: str
    sequence: int
    body: bytes = field(repr=False)
    state: DeliveryState
    attempts: int
    failures: int
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from an endpoint: a status code, or the kind of failure. Never a body."""

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows from an attempt.

    Attributes:
        state: of the delivery from now on.
        next_attempt_at: when it is due again, if it is pending.
        hold_until: until then the endpoint wants nothing at all (it sent Retry-After).
        disable_reason: why the endpoint is to be disabled, if it is.
    """

    state: DeliveryState
    next_attempt_at: datetime | None = None
    hold_until: datetime | None = None
    disable_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at a delivery: when, for how long, and a status code or a kind of failure."""

    started_at: datetime
    duration_seconds: float
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right of one worker to deliver to one endpoint until it expires."""

    subscription: Subscription
    token: str


class Subscriptions(Protocol):
    """The endpoints that want alerts."""

    def add(self, subscription: Subscription) -> None:
        """Add it, or replace secret reference and filter of the one with its id and enable it."""
        ...

    def subscriptions(self, *, enabled_only: bool = False) -> list[Subscription]:
        """All, oldest first."""
        ...

    def disable(self, subscription_id: str, reason: str) -> bool:
        """Stop deliveries to it; pending ones wait. False if there is none of that id."""
        ...

    def enable(self, subscription_id: str) -> bool:
        """Deliver again, also what waited meanwhile. False if there is none of that id."""
        ...


class Outbox(Protocol):
    """What is to be delivered, and how often that was tried."""

    def enqueue(self, entries: Sequence[OutboxEntry], *, now: datetime) -> int:
        """In one transaction write those that are new, due at once; returns how many."""
        ...

    def lease(self, *, token: str, now: datetime, until: datetime, limit: int) -> list[Lease]:
        """Take enabled endpoints that have something due and that nobody else holds.

        Those waiting longest come first. A lease that is not renewed ends at `until`.
        """
        ...

    def next_due(self, lease: Lease, *, now: datetime, until: datetime) -> Delivery | None:
        """The oldest due delivery of a leased endpoint; renews the lease until `until`.

        Returns:
            None if nothing is due, the endpoint was disabled, or the lease was lost.
        """
        ...

    def record(
        self, lease: Lease, delivery: Delivery, *, attempt: Attempt, verdict: Verdict
    ) -> None:
        """In one transaction keep the attempt and do what the verdict says.

        If the lease was lost meanwhile, another worker decides: then only the attempt is kept,
        and `delivered`, which is true whoever says it.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Give a lease back early; one that was lost stays lost."""
        ...

    def replay(self, delivery_id: str, *, now: datetime) -> bool:
        """Make a delivery due now with a fresh schedule. False if there is none of that id."""
        ...

    def deliveries(self, *, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        """The newest deliveries, newest first."""
        ...

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """All attempts of a delivery, in the order in which they were recorded."""
        ...

    def states(self) -> Mapping[DeliveryState, int]:
        """How many deliveries are in each state; all states are named."""
        ...


class WebhookSender(Protocol):
    """Sends one request and reports what came back."""

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST the body. Failures of the network and refused targets are answers, not errors."""
        ...


class SecretSource(Protocol):
    """Resolves references to secrets."""

    def secrets(self, reference: str) -> tuple[SigningSecret, ...]:
        """The secrets of an endpoint, the newest first; all of them sign.

        Raises:
            ConfigurationError: they are not there, or are malformed.
        """
        ...
