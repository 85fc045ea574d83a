"""Delivery over failures, restarts and slow endpoints, on a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from standardwebhooks.webhooks import Webhook

from services.alert.dispatcher import Delivered, Dispatcher, Limits, wait_for_event
from services.core.alert_ports import (
    Answer,
    Delivery,
    DeliveryState,
    Lease,
    OutboxEntry,
    Subscription,
)
from services.core.errors import IntegrityError
from services.core.retry import SCHEDULE_SECONDS
from services.core.signing import SigningSecret
from tests.fakes.clock import START, FakeClock
from tests.fakes.deliveries import (
    SECRET,
    FakeOutbox,
    FakeSecrets,
    FakeSender,
    FakeSubscriptions,
    subscription,
)

ONE, TWO = subscription("https://one.example/"), subscription("https://two.example/")
LIMITS = Limits(endpoints=4, turn=3, lease_seconds=60, poll_seconds=1)


async def only_woken(event: asyncio.Event, seconds: float) -> None:
    """A waiter for which no time passes: tests wake it."""
    await event.wait()


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.subscriptions = FakeSubscriptions()
        self.outbox = FakeOutbox(self.subscriptions)
        self.sender = FakeSender()
        self.secrets = FakeSecrets(HOOK=(SECRET,))
        self._tokens = count()

    def worker(self, limits: Limits = LIMITS) -> Dispatcher:
        return Dispatcher(
            self.outbox,
            self.sender,
            self.secrets,
            clock=self.clock,
            random=lambda: 0.0,
            token=lambda: f"token-{next(self._tokens)}",
            wait=only_woken,
            limits=limits,
        )

    def put(self, *names: str, to: Subscription = ONE) -> None:
        if to.subscription_id not in self.subscriptions.rows:
            self.subscriptions.add(to)
        entries = [
            OutboxEntry(
                delivery_id=name,
                subscription_id=to.subscription_id,
                transition_id=name,
                body=f'{{"name":"{name}"}}'.encode(),
            )
            for name in names
        ]
        self.outbox.enqueue(entries, now=self.clock.now())

    def sent_to(self, endpoint: Subscription) -> list[str]:
        return [one.webhook_id for one in self.sender.sent if one.url == endpoint.url]

    async def until(
        self, condition: Callable[[], bool], *, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Wait until something is so; looks whenever something was sent or recorded."""
        changed, loop = asyncio.Event(), asyncio.get_running_loop()
        self.sender.changed = changed.set

        def tell() -> None:
            loop.call_soon_threadsafe(changed.set)

        self.outbox.changed = tell
        async with asyncio.timeout(300):
            while not condition():
                meanwhile()
                await changed.wait()
                changed.clear()


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_an_alert_is_posted_signed_and_recorded(bench: Bench) -> None:
    bench.put("a")
    worker = bench.worker()
    await worker.run_once()
    (sent,) = bench.sender.sent
    assert sent.url == ONE.url
    assert sent.headers["webhook-id"] == "a"
    assert sent.headers["webhook-timestamp"] == str(int(START.timestamp()))
    assert sent.headers["content-type"] == "application/json"
    expected = Webhook(SECRET.serialized()).sign("a", START, sent.body.decode())
    assert sent.headers["webhook-signature"] == expected
    (attempt,) = bench.outbox.attempts("a")
    assert (attempt.started_at, attempt.status, attempt.error) == (START, 204, None)
    assert worker.done == Delivered(delivered=1)


async def test_what_was_delivered_is_not_sent_again(bench: Bench) -> None:
    bench.put("a")
    await bench.worker().run_once()
    await bench.worker().run_once()
    assert len(bench.sender.sent) == 1


async def test_the_schedule_is_walked_with_one_id_and_one_body(bench: Bench) -> None:
    bench.sender.script[ONE.url] = [Answer(status=500)] * len(SCHEDULE_SECONDS)
    bench.put("a")
    worker = bench.worker()
    for delay in SCHEDULE_SECONDS:
        bench.clock.advance(timedelta(seconds=delay) - timedelta(milliseconds=1))
        before = len(bench.sender.sent)
        await worker.run_once()
        assert len(bench.sender.sent) == before or delay == 0
        bench.clock.advance(timedelta(milliseconds=1))
        await worker.run_once()
        assert len(bench.sender.sent) == before + 1
    assert {(one.webhook_id, one.body) for one in bench.sender.sent} == {("a", b'{"name":"a"}')}
    stamps = [int(one.headers["webhook-timestamp"]) for one in bench.sender.sent]
    assert len(set(stamps)) == len(SCHEDULE_SECONDS)
    (row,) = bench.outbox.deliveries(state=DeliveryState.FAILED)
    assert (row.attempts, row.body) == (10, b'{"name":"a"}')
    assert worker.done == Delivered(retried=9, failed=1)


async def test_a_failed_delivery_is_replayed_by_hand(bench: Bench) -> None:
    bench.sender.script[ONE.url] = [Answer(status=410)]
    bench.put("a")
    await bench.worker().run_once()
    bench.subscriptions.enable(ONE.subscription_id)
    bench.outbox.replay("a", now=bench.clock.now())
    await bench.worker().run_once()
    assert bench.outbox.rows["a"].state is DeliveryState.DELIVERED
    assert bench.sent_to(ONE) == ["a", "a"]


async def test_410_disables_the_endpoint_and_the_rest_waits(bench: Bench) -> None:
    bench.sender.script[ONE.url] = [Answer(status=410)]
    bench.put("a", "b")
    await bench.worker().run_once()
    await bench.worker().run_once()
    assert bench.sent_to(ONE) == ["a"]
    (row,) = bench.subscriptions.subscriptions()
    assert (row.enabled, row.disabled_reason) == (False, "the endpoint answered 410 Gone")
    assert bench.outbox.rows["b"].state is DeliveryState.PENDING


async def test_retry_after_holds_the_whole_endpoint(bench: Bench) -> None:
    bench.sender.script[ONE.url] = [Answer(status=429, retry_after="90")]
    bench.put("a", "b")
    worker = bench.worker()
    await worker.run_once()
    bench.clock.advance(timedelta(seconds=89))
    await worker.run_once()
    assert bench.sent_to(ONE) == ["a"]
    bench.clock.advance(timedelta(seconds=1))
    await worker.run_once()
    assert bench.sent_to(ONE) == ["a", "a", "b"]


async def test_a_crash_between_send_and_record_sends_the_same_id_again(bench: Bench) -> None:
    bench.put("a")
    bench.outbox.faults.planned.append("record")
    await bench.worker().run_once()  # its process never comes back to release the lease
    await bench.worker().run_once()
    assert bench.sent_to(ONE) == ["a"]
    bench.clock.advance(timedelta(seconds=60))
    await bench.worker().run_once()
    assert bench.sent_to(ONE) == ["a", "a"]
    assert len({one.webhook_id for one in bench.sender.sent}) == 1
    assert bench.outbox.states()[DeliveryState.DELIVERED] == 1


async def test_old_and_new_secret_verify_while_a_key_rotates(bench: Bench) -> None:
    new = SigningSecret(b"n" * 32)
    bench.secrets = FakeSecrets(HOOK=(new, SECRET))
    bench.put("a")
    await bench.worker().run_once()
    (sent,) = bench.sender.sent
    signatures = sent.headers["webhook-signature"].split(" ")
    body = sent.body.decode()
    assert signatures == [
        Webhook(secret.serialized()).sign("a", START, body) for secret in (new, SECRET)
    ]


async def test_a_missing_secret_is_a_failed_attempt_and_sends_nothing(bench: Bench) -> None:
    bench.put("a", to=replace(ONE, secret_reference="env:GONE"))
    bench.put("b", to=TWO)
    await bench.worker().run_once()
    assert bench.sent_to(ONE) == []
    assert [one.error for one in bench.outbox.attempts("a")] == ["secret-unavailable"]
    assert bench.sent_to(TWO) == ["b"]


async def test_a_slow_endpoint_does_not_delay_another(bench: Bench) -> None:
    bench.sender.gates[ONE.url] = asyncio.Event()
    bench.put("slow-1", "slow-2", to=ONE)
    worker = bench.worker()
    running = asyncio.create_task(worker.run())
    await bench.sender.arrived[ONE.url].wait()
    bench.put("1", "2", "3", "4", "5", to=TWO)
    worker.wake()
    await bench.until(lambda: len(bench.sent_to(TWO)) == 5)
    assert bench.sent_to(ONE) == ["slow-1"]
    bench.sender.gates[ONE.url].set()
    await bench.until(lambda: bench.outbox.states()[DeliveryState.DELIVERED] == 7)
    worker.stop()
    await running


async def test_two_workers_never_send_to_one_endpoint_at_once(bench: Bench) -> None:
    names = [f"{number:02}" for number in range(12)]
    bench.put(*names)
    workers = [bench.worker(), bench.worker()]
    running = [asyncio.create_task(worker.run()) for worker in workers]

    def wake_all() -> None:
        for worker in workers:
            worker.wake()

    await bench.until(
        lambda: bench.outbox.states()[DeliveryState.DELIVERED] == len(names), meanwhile=wake_all
    )
    for worker in workers:
        worker.stop()
    await asyncio.gather(*running)
    assert bench.sent_to(ONE) == names
    assert bench.sender.most_under_way[ONE.url] == 1


async def test_later_deliveries_overtake_one_that_waits_for_its_retry(bench: Bench) -> None:
    bench.sender.script[ONE.url] = [Answer(status=500)]
    bench.put("a", "b")
    worker = bench.worker()
    await worker.run_once()
    bench.clock.advance(timedelta(seconds=5))
    await worker.run_once()
    assert bench.sent_to(ONE) == ["a", "b", "a"]


async def test_a_turn_is_bounded(bench: Bench) -> None:
    bench.put("1", "2", "3", "4")
    await bench.worker().run_once()
    assert bench.sent_to(ONE) == ["1", "2", "3"]


async def test_endpoints_served_side_by_side_are_bounded(bench: Bench) -> None:
    endpoints = [subscription(f"https://{number}.example/") for number in range(6)]
    for endpoint in endpoints:
        bench.sender.gates[endpoint.url] = asyncio.Event()
        bench.put(endpoint.subscription_id, to=endpoint)
    worker = bench.worker()
    running = asyncio.create_task(worker.run())
    await bench.until(lambda: sum(bench.sender.under_way.values()) == 4)
    worker.wake()
    for _ in range(50):
        await asyncio.sleep(0)
    assert sum(bench.sender.under_way.values()) == 4
    for gate in bench.sender.gates.values():
        gate.set()
    await bench.until(lambda: bench.outbox.states()[DeliveryState.DELIVERED] == 6)
    worker.stop()
    await running


async def test_stop_finishes_the_attempt_under_way_and_frees_the_endpoint(bench: Bench) -> None:
    bench.sender.gates[ONE.url] = asyncio.Event()
    bench.put("a", "b")
    worker = bench.worker()
    running = asyncio.create_task(worker.run())
    await bench.sender.arrived[ONE.url].wait()
    worker.stop()
    bench.sender.gates[ONE.url].set()
    await running
    assert bench.outbox.rows["a"].state is DeliveryState.DELIVERED
    assert bench.outbox.rows["b"].state is DeliveryState.PENDING
    await bench.worker().run_once()
    assert bench.sent_to(ONE) == ["a", "b"]


async def test_while_the_database_is_away_nothing_is_sent_and_nothing_is_lost(
    bench: Bench,
) -> None:
    bench.put("a")
    bench.outbox.faults.planned.append("lease")
    worker = bench.worker()
    await worker.run_once()
    assert bench.sender.sent == []
    await worker.run_once()
    assert bench.sent_to(ONE) == ["a"]


class BrokenOutbox(FakeOutbox):
    def next_due(self, lease: Lease, *, now: datetime, until: datetime) -> Delivery | None:
        raise IntegrityError("the outbox contradicts itself")


async def test_an_outbox_that_contradicts_itself_ends_the_worker(bench: Bench) -> None:
    bench.outbox = BrokenOutbox(bench.subscriptions)
    bench.put("a")
    with pytest.raises(IntegrityError):
        await bench.worker().run()


async def test_the_real_waiter_returns_when_woken_and_when_its_time_is_up() -> None:
    event = asyncio.Event()
    await wait_for_event(event, 0.0)
    event.set()
    await wait_for_event(event, 3600.0)
