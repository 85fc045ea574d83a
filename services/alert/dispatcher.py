"""Delivers what the outbox holds.

Endpoints are served side by side, each by at most one worker at a time (a lease), and the
deliveries of one endpoint one after the other in the order of their entry. So a slow endpoint
delays only itself, and no attempt is made by two workers at once. A delivery that waits for its
retry does not hold back later ones: they overtake it, and a receiver that needs the order of
transitions takes it from the body's timestamp.

A worker that dies between sending and recording leaves its lease to expire; another one then
sends again, with the same id, by which receivers recognise it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from services.core.alert_ports import (
    Answer,
    Attempt,
    Delivery,
    DeliveryState,
    Lease,
    Outbox,
    SecretSource,
    WebhookSender,
)
from services.core.errors import ConfigurationError, DependencyUnavailable, IntegrityError
from services.core.ports import Clock
from services.core.retry import judge
from services.core.signing import signed_headers

USER_AGENT = "adewatch-webhooks/1"

Waiter = Callable[[asyncio.Event, float], Awaitable[None]]
"""Returns when the event is set, and at the latest after that many seconds."""


async def wait_for_event(event: asyncio.Event, seconds: float) -> None:
    """The real waiter."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a dispatcher.

    Attributes:
        endpoints: served side by side; the others wait in the outbox.
        turn: deliveries to one endpoint before its place goes to the one waiting longest.
        lease_seconds: must be longer than the sender's timeout, or two workers may meet.
        poll_seconds: how often the outbox is asked when nobody wakes the dispatcher.
    """

    endpoints: int = 64
    turn: int = 16
    lease_seconds: float = 120.0
    poll_seconds: float = 1.0


@dataclass(slots=True)
class Delivered:
    """What a dispatcher did since it started, by what followed from each attempt."""

    delivered: int = 0
    retried: int = 0
    failed: int = 0


class Dispatcher:
    """A delivery worker; any number of them may run on one outbox.

    Args:
        outbox: what is to be delivered.
        sender: makes one request.
        secrets: resolves the references of the subscriptions.
        clock: the time.
        random: numbers in [0, 1) for the jitter of retries.
        token: makes a name for a lease, never the same twice (`uuid4().hex`).
        wait: pauses between two looks at the outbox.
        limits: bounds.
    """

    def __init__(
        self,
        outbox: Outbox,
        sender: WebhookSender,
        secrets: SecretSource,
        *,
        clock: Clock,
        random: Callable[[], float],
        token: Callable[[], str],
        wait: Waiter = wait_for_event,
        limits: Limits | None = None,
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._secrets = secrets
        self._clock = clock
        self._random = random
        self._token = token
        self._wait = wait
        self._limits = limits or Limits()
        self._wake = asyncio.Event()
        self._stopping = False
        self.done = Delivered()

    def wake(self) -> None:
        """Look at the outbox now (from the event loop's thread)."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the attempts under way, give the leases back and let `run` return."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Deliver until `stop`.

        While the database is away nothing is sent; what was sent and could not be recorded is
        sent again later, with the same id.

        Raises:
            IntegrityError: the outbox contradicts itself, an operator must look.
        """
        try:
            async with asyncio.TaskGroup() as group:
                await self._serve(group)
        except* IntegrityError as errors:
            raise errors.exceptions[0] from None

    async def _serve(self, group: asyncio.TaskGroup) -> None:
        turns: set[asyncio.Task[None]] = set()

        def ended(task: asyncio.Task[None]) -> None:
            turns.discard(task)
            self.wake()  # a place is free, and more may be due to this endpoint

        while not self._stopping:
            self._wake.clear()
            for lease in await self._free_endpoints(self._limits.endpoints - len(turns)):
                task = group.create_task(self._turn(lease))
                turns.add(task)
                task.add_done_callback(ended)
            if not self._stopping:
                await self._wait(self._wake, self._limits.poll_seconds)

    async def run_once(self) -> None:
        """Deliver what is due now, one turn per endpoint, and return."""
        async with asyncio.TaskGroup() as group:
            for lease in await self._free_endpoints(self._limits.endpoints):
                group.create_task(self._turn(lease))

    async def _free_endpoints(self, places: int) -> list[Lease]:
        if places <= 0:
            return []
        now = self._clock.now()
        try:
            return await asyncio.to_thread(
                self._outbox.lease,
                token=self._token(),
                now=now,
                until=now + self._lease_time,
                limit=places,
            )
        except DependencyUnavailable:
            return []

    async def _turn(self, lease: Lease) -> None:
        try:
            for _ in range(self._limits.turn):
                if self._stopping or not await self._deliver_next(lease):
                    break
            await asyncio.to_thread(self._outbox.release, lease)
        except DependencyUnavailable:
            # The lease expires by itself; the outbox will be asked again.
            return

    async def _deliver_next(self, lease: Lease) -> bool:
        now = self._clock.now()
        delivery = await asyncio.to_thread(
            self._outbox.next_due, lease, now=now, until=now + self._lease_time
        )
        if delivery is None:
            return False
        started_at = self._clock.now()
        answer = await self._attempt(lease, delivery)
        finished_at = self._clock.now()
        verdict = judge(answer, failures=delivery.failures, now=finished_at, random=self._random)
        attempt = Attempt(
            started_at=started_at,
            duration_seconds=max(0.0, (finished_at - started_at).total_seconds()),
            status=answer.status,
            error=answer.error,
        )
        await asyncio.to_thread(
            self._outbox.record, lease, delivery, attempt=attempt, verdict=verdict
        )
        self._count(verdict.state)
        return True

    async def _attempt(self, lease: Lease, delivery: Delivery) -> Answer:
        subscription = lease.subscription
        try:
            secrets = await asyncio.to_thread(self._secrets.secrets, subscription.secret_reference)
        except ConfigurationError:
            return Answer(error="secret-unavailable")
        headers = signed_headers(
            secrets,
            message_id=delivery.delivery_id,
            sent_at=self._clock.now(),
            body=delivery.body,
        )
        headers |= {"content-type": "application/json", "user-agent": USER_AGENT}
        return await self._sender.send(subscription.url, delivery.body, headers)

    def _count(self, state: DeliveryState) -> None:
        if state is DeliveryState.DELIVERED:
            self.done.delivered += 1
        elif state is DeliveryState.PENDING:
            self.done.retried += 1
        else:
            self.done.failed += 1

    @property
    def _lease_time(self) -> timedelta:
        return timedelta(seconds=self._limits.lease_seconds)
