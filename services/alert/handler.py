"""Puts an alert per subscriber and transition into the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from services.alert.payload import alert_for, body_of
from services.core.alert_ports import Outbox, OutboxEntry, Subscription, Subscriptions
from services.core.ports import Clock
from services.core.signal_contracts import Signal


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of a batch: entries of the outbox that are new, and ones that existed."""

    new: int
    known: int


class Alerter:
    """Transitions in, rows of the outbox out; the same transition twice gives one row.

    Args:
        subscriptions: who gets alerts.
        outbox: where they wait.
        clock: the time.
        public_url: where the service's pages are, for the link of an alert.
        wake: told when there is something new to deliver; `Dispatcher.wake` if it runs here.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        outbox: Outbox,
        *,
        clock: Clock,
        public_url: str,
        wake: Callable[[], None],
    ) -> None:
        self._subscriptions = subscriptions
        self._outbox = outbox
        self._clock = clock
        self._public_url = public_url
        self._wake = wake

    async def handle(self, signals: Sequence[Signal]) -> Enqueued:
        """Write the outbox in one transaction; on return it is committed.

        Raises:
            DependencyUnavailable: nothing was written, or the same call again finds it written.
        """
        enqueued = await asyncio.to_thread(self._enqueue, signals)
        if enqueued.new:
            self._wake()
        return enqueued

    def _enqueue(self, signals: Sequence[Signal]) -> Enqueued:
        enabled = self._subscriptions.subscriptions(enabled_only=True)
        entries = list(self._entries(signals, enabled))
        new = self._outbox.enqueue(entries, now=self._clock.now()) if entries else 0
        return Enqueued(new=new, known=len(entries) - new)

    def _entries(
        self, signals: Sequence[Signal], subscriptions: Sequence[Subscription]
    ) -> Iterator[OutboxEntry]:
        for signal in signals:
            for subscription in subscriptions:
                if not subscription.wants(signal.transition):
                    continue
                alert = alert_for(
                    signal,
                    subscription_id=subscription.subscription_id,
                    public_url=self._public_url,
                )
                yield OutboxEntry(
                    delivery_id=alert.alert_id,
                    subscription_id=subscription.subscription_id,
                    transition_id=signal.transition_id,
                    body=body_of(alert),
                )
