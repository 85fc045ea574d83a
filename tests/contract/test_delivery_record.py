"""What every outbox must do: the fake, SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from services.adapters.sql.deliveries import SqlOutbox
from services.adapters.sql.subscriptions import SqlSubscriptions
from services.core.alert_ports import (
    Attempt,
    DeliveryState,
    Lease,
    Outbox,
    OutboxEntry,
    Subscriptions,
    Verdict,
)
from services.core.signal_contracts import Transition
from tests.connections import record_engine
from tests.fakes.clock import START
from tests.fakes.deliveries import FakeOutbox, FakeSubscriptions, subscription

ONE, TWO = subscription("https://one.example/"), subscription("https://two.example/", minutes=1)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass
class Record:
    subscriptions: Subscriptions
    outbox: Outbox


@pytest.fixture(
    params=["fake", "sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]
)
def record(request: pytest.FixtureRequest) -> Iterator[Record]:
    if request.param == "fake":
        fake = FakeSubscriptions()
        yield Record(fake, FakeOutbox(fake))
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield Record(SqlSubscriptions(engine), SqlOutbox(engine))
    engine.dispose()


def entry(name: str, to: str = ONE.subscription_id) -> OutboxEntry:
    return OutboxEntry(
        delivery_id=f"{name}-{to[:4]}",
        subscription_id=to,
        transition_id=name,
        body=b'{"\xc3\xa4":1}',
    )


def lease_all(record: Record, by: str = "me", after: timedelta = timedelta()) -> list[Lease]:
    now = START + after
    return record.outbox.lease(token=by, now=now, until=now + MINUTE, limit=10)


def attempt(status: int | None = 204, error: str | None = None) -> Attempt:
    return Attempt(started_at=START + SECOND, duration_seconds=0.5, status=status, error=error)


DELIVERED = Verdict(state=DeliveryState.DELIVERED)
FAILED = Verdict(state=DeliveryState.FAILED)
AGAIN = Verdict(state=DeliveryState.PENDING, next_attempt_at=START + 5 * SECOND)


def deliver(record: Record, lease: Lease, verdict: Verdict, status: int | None = 204) -> str:
    due = record.outbox.next_due(lease, now=START, until=START + MINUTE)
    assert due is not None
    record.outbox.record(lease, due, attempt=attempt(status), verdict=verdict)
    return due.delivery_id


def test_subscriptions_come_back_as_they_were_added_oldest_first(record: Record) -> None:
    filtered = replace(TWO, transitions=frozenset({Transition.DETECTED, Transition.RECURRED}))
    record.subscriptions.add(filtered)
    record.subscriptions.add(ONE)
    assert record.subscriptions.subscriptions() == [ONE, filtered]


def test_adding_again_replaces_filter_and_secret_and_enables(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.subscriptions.disable(ONE.subscription_id, "maintenance")
    changed = replace(
        ONE, secret_reference="env:OTHER", transitions=frozenset({Transition.SUBSIDED})
    )
    record.subscriptions.add(replace(changed, created_at=START + MINUTE))
    assert record.subscriptions.subscriptions() == [changed]


def test_disabling_keeps_the_reason_and_enabling_clears_it(record: Record) -> None:
    record.subscriptions.add(ONE)
    assert record.subscriptions.disable(ONE.subscription_id, "maintenance")
    assert record.subscriptions.subscriptions() == [
        replace(ONE, enabled=False, disabled_reason="maintenance")
    ]
    assert record.subscriptions.subscriptions(enabled_only=True) == []
    assert record.subscriptions.enable(ONE.subscription_id)
    assert record.subscriptions.subscriptions(enabled_only=True) == [ONE]


def test_unknown_ids_are_said_to_be_unknown(record: Record) -> None:
    assert not record.subscriptions.disable("nobody", "why")
    assert not record.subscriptions.enable("nobody")
    assert not record.outbox.replay("nothing", now=START)
    assert record.outbox.attempts("nothing") == []


def test_the_same_entry_is_written_once(record: Record) -> None:
    record.subscriptions.add(ONE)
    assert record.outbox.enqueue([entry("a"), entry("b"), entry("a")], now=START) == 2
    assert record.outbox.enqueue([entry("b"), entry("c")], now=START) == 1
    assert record.outbox.states()[DeliveryState.PENDING] == 3


def test_a_body_comes_back_byte_for_byte(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    assert record.outbox.deliveries()[0].body == entry("a").body


def test_due_deliveries_come_in_the_order_of_their_entry(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("b"), entry("a")], now=START)
    record.outbox.enqueue([entry("c")], now=START)
    (lease,) = lease_all(record)
    order = [deliver(record, lease, DELIVERED).split("-")[0] for _ in range(3)]
    assert order == ["b", "a", "c"]
    assert record.outbox.next_due(lease, now=START, until=START + MINUTE) is None


def test_only_endpoints_with_something_due_are_leased(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.subscriptions.add(TWO)
    record.outbox.enqueue([entry("a", TWO.subscription_id)], now=START + SECOND)
    assert lease_all(record) == []
    assert [lease.subscription for lease in lease_all(record, after=SECOND)] == [TWO]


def test_those_waiting_longest_are_leased_first(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.subscriptions.add(TWO)
    record.outbox.enqueue([entry("a", ONE.subscription_id)], now=START + SECOND)
    record.outbox.enqueue([entry("a", TWO.subscription_id)], now=START)
    now = START + MINUTE
    (lease,) = record.outbox.lease(token="me", now=now, until=now + MINUTE, limit=1)
    assert lease.subscription == TWO


def test_an_endpoint_is_held_by_one_worker_until_its_lease_expires(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (mine,) = lease_all(record, "me")
    assert lease_all(record, "other", after=MINUTE - SECOND) == []
    (taken,) = lease_all(record, "other", after=MINUTE)
    later = START + MINUTE
    assert record.outbox.next_due(mine, now=later, until=later + MINUTE) is None
    assert record.outbox.next_due(taken, now=later, until=later + MINUTE) is not None


def test_asking_for_the_next_delivery_renews_the_lease(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (mine,) = lease_all(record, "me")
    record.outbox.next_due(mine, now=START, until=START + 2 * MINUTE)
    assert lease_all(record, "other", after=MINUTE) == []


def test_a_released_endpoint_is_free_at_once(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (mine,) = lease_all(record, "me")
    record.outbox.release(mine)
    assert len(lease_all(record, "other")) == 1


def test_a_lost_lease_is_not_released_from_its_new_holder(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (mine,) = lease_all(record, "me")
    lease_all(record, "other", after=MINUTE)
    record.outbox.release(mine)
    assert lease_all(record, "third", after=MINUTE + SECOND) == []


def test_a_delivered_one_is_finished_and_keeps_its_attempt(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (lease,) = lease_all(record)
    name = deliver(record, lease, DELIVERED)
    (done,) = record.outbox.deliveries(state=DeliveryState.DELIVERED)
    assert (done.attempts, done.failures, done.next_attempt_at) == (1, 0, None)
    assert done.finished_at == START + 1.5 * SECOND
    assert record.outbox.attempts(name) == [attempt()]


def test_a_retried_one_is_due_again_at_its_time(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (lease,) = lease_all(record)
    deliver(record, lease, AGAIN, status=500)
    record.outbox.release(lease)
    assert lease_all(record, after=4 * SECOND) == []
    (lease,) = lease_all(record, after=5 * SECOND)
    due = record.outbox.next_due(lease, now=START + 5 * SECOND, until=START + MINUTE)
    assert due is not None
    assert (due.attempts, due.failures, due.finished_at) == (1, 1, None)


def test_an_endpoint_on_hold_gets_nothing_until_then(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a"), entry("b")], now=START)
    (lease,) = lease_all(record)
    deliver(record, lease, replace(AGAIN, hold_until=START + 30 * SECOND), status=429)
    assert record.outbox.next_due(lease, now=START, until=START + MINUTE) is None
    record.outbox.release(lease)
    assert lease_all(record, after=29 * SECOND) == []
    assert len(lease_all(record, after=30 * SECOND)) == 1


def test_a_disabled_endpoint_gets_nothing_until_it_is_enabled(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a"), entry("b")], now=START)
    (lease,) = lease_all(record)
    deliver(record, lease, replace(FAILED, disable_reason="410"), status=410)
    assert record.subscriptions.subscriptions()[0].disabled_reason == "410"
    assert record.outbox.next_due(lease, now=START, until=START + MINUTE) is None
    record.outbox.release(lease)
    assert lease_all(record) == []
    record.subscriptions.enable(ONE.subscription_id)
    (lease,) = lease_all(record)
    assert deliver(record, lease, DELIVERED).startswith("b")


def test_a_worker_that_lost_its_lease_decides_nothing_but_success(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (mine,) = lease_all(record, "me")
    due = record.outbox.next_due(mine, now=START, until=START + MINUTE)
    assert due is not None
    lease_all(record, "other", after=MINUTE)
    gone = replace(FAILED, disable_reason="410")
    record.outbox.record(mine, due, attempt=attempt(410), verdict=gone)
    (row,) = record.outbox.deliveries()
    assert (row.state, row.attempts) == (DeliveryState.PENDING, 1)
    assert record.subscriptions.subscriptions()[0].enabled
    record.outbox.record(mine, due, attempt=attempt(), verdict=DELIVERED)
    assert record.outbox.deliveries()[0].state is DeliveryState.DELIVERED


def test_what_was_delivered_stays_delivered(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (mine,) = lease_all(record, "me")
    due = record.outbox.next_due(mine, now=START, until=START + MINUTE)
    assert due is not None
    (other,) = lease_all(record, "other", after=MINUTE)
    record.outbox.record(mine, due, attempt=attempt(), verdict=DELIVERED)
    record.outbox.record(other, due, attempt=attempt(None, "timeout"), verdict=AGAIN)
    assert record.outbox.deliveries()[0].state is DeliveryState.DELIVERED
    assert [one.error for one in record.outbox.attempts(due.delivery_id)] == [None, "timeout"]


def test_a_replay_is_due_now_with_a_fresh_schedule_and_its_history(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a")], now=START)
    (lease,) = lease_all(record)
    name = deliver(record, lease, FAILED, status=500)
    record.outbox.release(lease)
    assert lease_all(record) == []
    assert record.outbox.replay(name, now=START)
    (lease,) = lease_all(record)
    due = record.outbox.next_due(lease, now=START, until=START + MINUTE)
    assert due is not None
    assert (due.delivery_id, due.failures, due.attempts) == (name, 0, 1)


def test_deliveries_are_listed_newest_first_by_state(record: Record) -> None:
    record.subscriptions.add(ONE)
    record.outbox.enqueue([entry("a"), entry("b"), entry("c")], now=START)
    (lease,) = lease_all(record)
    deliver(record, lease, DELIVERED)
    assert [row.transition_id for row in record.outbox.deliveries(limit=2)] == ["c", "b"]
    pending = record.outbox.deliveries(state=DeliveryState.PENDING)
    assert [row.transition_id for row in pending] == ["c", "b"]
    assert record.outbox.states() == {
        DeliveryState.PENDING: 2,
        DeliveryState.DELIVERED: 1,
        DeliveryState.FAILED: 0,
    }


@pytest.mark.parametrize(
    "url_fixture", ["sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]
)
def test_workers_at_the_same_moment_never_share_an_endpoint(
    url_fixture: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(url_fixture)
    engine = record_engine(url, pool_size=8)
    subscriptions, outbox = SqlSubscriptions(engine), SqlOutbox(engine)
    endpoints = [subscription(f"https://{number}.example/") for number in range(20)]
    for endpoint in endpoints:
        subscriptions.add(endpoint)
        outbox.enqueue([entry("a", endpoint.subscription_id)], now=START)

    def take(token: str) -> list[str]:
        taken: list[str] = []
        while leases := outbox.lease(token=token, now=START, until=START + MINUTE, limit=3):
            taken += [lease.subscription.subscription_id for lease in leases]
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = [one for many in pool.map(take, map(str, range(8))) for one in many]
    engine.dispose()
    assert len(taken) == len(set(taken))
    # A worker that found rows locked may leave the last ones to the next look.
    assert set(taken) <= {endpoint.subscription_id for endpoint in endpoints}
    assert taken
