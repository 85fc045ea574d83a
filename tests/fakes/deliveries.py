"""Subscriptions and outbox in memory, a scripted sender, fixed secrets."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.core.alert_ports import (
    Answer,
    Attempt,
    Delivery,
    DeliveryState,
    Lease,
    OutboxEntry,
    Subscription,
    Verdict,
)
from services.core.errors import ConfigurationError
from services.core.identity import identity
from services.core.signing import SigningSecret
from tests.fakes.clock import START
from tests.fakes.faults import Faults

SECRET = SigningSecret(b"s" * 32)


def subscription(url: str = "https://one.example/hook", *, minutes: int = 0) -> Subscription:
    """A subscription to everything."""
    return Subscription(
        subscription_id=identity("subscription", url),
        url=url,
        secret_reference="env:HOOK",
        created_at=START + timedelta(minutes=minutes),
    )


class FakeSubscriptions:
    """Implements `Subscriptions`."""

    def __init__(self) -> None:
        self.rows: dict[str, Subscription] = {}
        self.held: dict[str, datetime] = {}

    def add(self, subscription: Subscription) -> None:
        """See the protocol."""
        known = self.rows.get(subscription.subscription_id)
        created_at = known.created_at if known else subscription.created_at
        self.rows[subscription.subscription_id] = replace(subscription, created_at=created_at)
        self.held.pop(subscription.subscription_id, None)

    def subscriptions(self, *, enabled_only: bool = False) -> list[Subscription]:
        """See the protocol."""
        rows = sorted(self.rows.values(), key=lambda row: (row.created_at, row.subscription_id))
        return [row for row in rows if row.enabled or not enabled_only]

    def disable(self, subscription_id: str, reason: str) -> bool:
        """See the protocol."""
        return self._change(subscription_id, enabled=False, reason=reason)

    def enable(self, subscription_id: str) -> bool:
        """See the protocol."""
        self.held.pop(subscription_id, None)
        return self._change(subscription_id, enabled=True, reason=None)

    def _change(self, subscription_id: str, *, enabled: bool, reason: str | None) -> bool:
        row = self.rows.get(subscription_id)
        if row is not None:
            self.rows[subscription_id] = replace(row, enabled=enabled, disabled_reason=reason)
        return row is not None


class FakeOutbox:
    """Implements `Outbox`, also for several threads.

    Planned faults: "enqueue:done", "lease", "record". `changed` is called after each record.
    """

    def __init__(self, subscriptions: FakeSubscriptions) -> None:
        self.rows: dict[str, Delivery] = {}
        self.faults = Faults()
        self.changed: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._subscriptions = subscriptions
        self._attempts: dict[str, list[Attempt]] = defaultdict(list)
        self._leases: dict[str, tuple[str, datetime]] = {}

    def enqueue(self, entries: Sequence[OutboxEntry], *, now: datetime) -> int:
        """See the protocol."""
        before = len(self.rows)
        for entry in entries:
            if entry.delivery_id in self.rows:
                continue
            self.rows[entry.delivery_id] = Delivery(
                delivery_id=entry.delivery_id,
                subscription_id=entry.subscription_id,
                transition_id=entry.transition_id,
                sequence=len(self.rows) + 1,
                body=entry.body,
                state=DeliveryState.PENDING,
                attempts=0,
                failures=0,
                next_attempt_at=now,
                created_at=now,
                finished_at=None,
            )
        self.faults.at("enqueue:done")
        return len(self.rows) - before

    def lease(self, *, token: str, now: datetime, until: datetime, limit: int) -> list[Lease]:
        """See the protocol."""
        self.faults.at("lease")
        with self._lock:
            return self._lease(token, now, until, limit)

    def _lease(self, token: str, now: datetime, until: datetime, limit: int) -> list[Lease]:
        free = []
        for row in self._subscriptions.subscriptions(enabled_only=True):
            due = self._due(row.subscription_id, now)
            if due and self._is_free(row.subscription_id, now):
                free.append((min(item.next_attempt_at or now for item in due), row))
        free.sort(key=lambda item: (item[0], item[1].subscription_id))
        leases = [Lease(subscription=row, token=token) for _, row in free[:limit]]
        for lease in leases:
            self._leases[lease.subscription.subscription_id] = (token, until)
        return leases

    def next_due(self, lease: Lease, *, now: datetime, until: datetime) -> Delivery | None:
        """See the protocol."""
        with self._lock:
            return self._next_due(lease, now, until)

    def _next_due(self, lease: Lease, now: datetime, until: datetime) -> Delivery | None:
        endpoint = lease.subscription.subscription_id
        enabled = self._subscriptions.rows[endpoint].enabled
        if not self._is_held(lease) or not enabled or not self._may_call(endpoint, now):
            return None
        self._leases[endpoint] = (lease.token, until)
        return next(iter(self._due(endpoint, now)), None)

    def record(
        self, lease: Lease, delivery: Delivery, *, attempt: Attempt, verdict: Verdict
    ) -> None:
        """See the protocol."""
        self.faults.at("record")
        with self._lock:
            self._record(lease, delivery, attempt, verdict)
        self.changed()

    def _record(self, lease: Lease, delivery: Delivery, attempt: Attempt, verdict: Verdict) -> None:
        ours = self._is_held(lease)
        row = self.rows[delivery.delivery_id]
        self._attempts[delivery.delivery_id].append(attempt)
        row = replace(row, attempts=row.attempts + 1)
        settles = ours or verdict.state is DeliveryState.DELIVERED
        if settles and row.state is DeliveryState.PENDING:
            row = _settled(row, delivery, attempt, verdict)
        self.rows[delivery.delivery_id] = row
        if ours and verdict.hold_until is not None:
            self._subscriptions.held[row.subscription_id] = verdict.hold_until
        if ours and verdict.disable_reason is not None:
            self._subscriptions.disable(row.subscription_id, verdict.disable_reason)

    def release(self, lease: Lease) -> None:
        """See the protocol."""
        with self._lock:
            if self._is_held(lease):
                del self._leases[lease.subscription.subscription_id]

    def replay(self, delivery_id: str, *, now: datetime) -> bool:
        """See the protocol."""
        row = self.rows.get(delivery_id)
        if row is None:
            return False
        self.rows[delivery_id] = replace(
            row, state=DeliveryState.PENDING, failures=0, next_attempt_at=now, finished_at=None
        )
        return True

    def deliveries(self, *, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        """See the protocol."""
        newest = sorted(self.rows.values(), key=lambda row: -row.sequence)
        return [row for row in newest if state in (None, row.state)][:limit]

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """See the protocol."""
        return list(self._attempts[delivery_id])

    def states(self) -> Mapping[DeliveryState, int]:
        """See the protocol."""
        counted = Counter(row.state for row in self.rows.values())
        return {state: counted[state] for state in DeliveryState}

    def _due(self, endpoint: str, now: datetime) -> list[Delivery]:
        return [
            row
            for row in sorted(self.rows.values(), key=lambda row: row.sequence)
            if row.subscription_id == endpoint
            and row.state is DeliveryState.PENDING
            and row.next_attempt_at is not None
            and row.next_attempt_at <= now
        ]

    def _is_free(self, endpoint: str, now: datetime) -> bool:
        held = self._leases.get(endpoint)
        return (held is None or held[1] <= now) and self._may_call(endpoint, now)

    def _is_held(self, lease: Lease) -> bool:
        return self._leases.get(lease.subscription.subscription_id, ("",))[0] == lease.token

    def _may_call(self, endpoint: str, now: datetime) -> bool:
        until = self._subscriptions.held.get(endpoint)
        return until is None or until <= now


def _settled(row: Delivery, seen: Delivery, attempt: Attempt, verdict: Verdict) -> Delivery:
    finished = attempt.started_at + timedelta(seconds=attempt.duration_seconds)
    return replace(
        row,
        state=verdict.state,
        failures=seen.failures + (verdict.state is not DeliveryState.DELIVERED),
        next_attempt_at=verdict.next_attempt_at,
        finished_at=None if verdict.state is DeliveryState.PENDING else finished,
    )


@dataclass(frozen=True)
class Sent:
    """A request as it left."""

    url: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def webhook_id(self) -> str:
        """Its id."""
        return self.headers["webhook-id"]


class FakeSender:
    """Answers 204, or what was scripted for the URL; a gate holds an endpoint's answers back."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.changed: Callable[[], None] = lambda: None
        self.script: dict[str, list[Answer]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.arrived: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.under_way: Counter[str] = Counter()
        self.most_under_way: Counter[str] = Counter()

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See `WebhookSender`."""
        self.sent.append(Sent(url, body, dict(headers)))
        self.under_way[url] += 1
        self.most_under_way[url] = max(self.most_under_way[url], self.under_way[url])
        self.arrived[url].set()
        self.changed()
        if url in self.gates:
            await self.gates[url].wait()
        self.under_way[url] -= 1
        answers = self.script.get(url)
        return answers.pop(0) if answers else Answer(status=204)


class FakeSecrets:
    """Implements `SecretSource` with secrets by reference."""

    def __init__(self, **by_name: tuple[SigningSecret, ...]) -> None:
        self.known = {f"env:{name}": found for name, found in by_name.items()}

    def secrets(self, reference: str) -> tuple[SigningSecret, ...]:
        """See the protocol."""
        if reference not in self.known:
            raise ConfigurationError("no such secret")
        return self.known[reference]
