"""Transitions become rows of the outbox, once each."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.alert.handler import Alerter, Enqueued
from services.core.contracts import Pair
from services.core.errors import DependencyUnavailable
from services.core.identity import alert_id
from services.core.signal_contracts import Signal, Transition
from tests.fakes.clock import START, FakeClock
from tests.fakes.deliveries import FakeOutbox, FakeSubscriptions, subscription
from tests.fakes.signals import signal

ONE, TWO = subscription("https://one.example/"), subscription("https://two.example/")
THIN = {
    "schema_version", "alert_id", "signal_id", "transition", "state", "drug", "event", "rule",
    "counts", "measures", "link",
}  # fmt: skip


class Bench:
    def __init__(self) -> None:
        self.subscriptions = FakeSubscriptions()
        self.outbox = FakeOutbox(self.subscriptions)
        self.woken = 0
        self.alerter = Alerter(
            self.subscriptions,
            self.outbox,
            clock=FakeClock(),
            public_url="https://pv.example/",
            wake=self._wake,
        )

    def _wake(self) -> None:
        self.woken += 1

    def subscribers(self) -> set[str]:
        return {row.subscription_id for row in self.outbox.rows.values()}


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_every_subscriber_gets_a_row_per_transition(bench: Bench) -> None:
    bench.subscriptions.add(ONE)
    bench.subscriptions.add(TWO)
    signals = [signal(), signal(revision=2, transition=Transition.SUBSIDED)]
    assert await bench.alerter.handle(signals) == Enqueued(new=4, known=0)
    assert set(bench.outbox.rows) == {
        alert_id(one.transition_id, subscriber.subscription_id)
        for one in signals
        for subscriber in (ONE, TWO)
    }
    assert all(row.next_attempt_at == START for row in bench.outbox.rows.values())


async def test_the_same_transition_twice_is_one_row(bench: Bench) -> None:
    bench.subscriptions.add(ONE)
    await bench.alerter.handle([signal()])
    assert await bench.alerter.handle([signal(), signal()]) == Enqueued(new=0, known=2)
    assert len(bench.outbox.rows) == 1


async def test_a_lost_commit_answer_is_repaired_by_the_same_call_again(bench: Bench) -> None:
    bench.subscriptions.add(ONE)
    bench.outbox.faults.planned.append("enqueue:done")
    with pytest.raises(DependencyUnavailable):
        await bench.alerter.handle([signal()])
    assert await bench.alerter.handle([signal()]) == Enqueued(new=0, known=1)
    assert len(bench.outbox.rows) == 1


async def test_filters_and_disabled_subscriptions_get_nothing(bench: Bench) -> None:
    bench.subscriptions.add(replace(ONE, transitions=frozenset({Transition.SUBSIDED})))
    bench.subscriptions.add(TWO)
    bench.subscriptions.disable(TWO.subscription_id, "maintenance")
    assert await bench.alerter.handle([signal()]) == Enqueued(new=0, known=0)
    await bench.alerter.handle([signal(revision=2, transition=Transition.SUBSIDED)])
    assert bench.subscribers() == {ONE.subscription_id}


async def test_the_dispatcher_is_woken_only_for_something_new(bench: Bench) -> None:
    await bench.alerter.handle([signal()])
    assert bench.woken == 0
    bench.subscriptions.add(ONE)
    await bench.alerter.handle([signal()])
    await bench.alerter.handle([signal()])
    assert bench.woken == 1


async def body_for(bench: Bench, one: Signal) -> bytes:
    bench.subscriptions.add(ONE)
    await bench.alerter.handle([one])
    (row,) = bench.outbox.rows.values()
    return row.body


async def test_the_body_has_the_form_of_the_specification(bench: Bench) -> None:
    one = signal()
    body = json.loads(await body_for(bench, one))
    assert set(body) == {"type", "timestamp", "data"}
    assert (body["type"], body["timestamp"]) == ("signal.transition", "2026-01-01T12:00:00Z")
    assert body["data"]["counts"] == {"n11": 4, "drug": 10, "event": 4, "total": 100}
    assert body["data"]["link"] == f"https://pv.example/signals/{one.signal_id}"
    assert body["data"]["measures"][0] == {
        "name": "prr", "estimate": None, "lower": None, "upper": None, "flag": "infinite",
    }  # fmt: skip


async def test_the_body_contains_no_keys_beyond_the_thin_set(bench: Bench) -> None:
    data = json.loads(await body_for(bench, signal()))["data"]
    assert set(data) == THIN
    assert set(data["counts"]) == {"n11", "drug", "event", "total"}
    for measure in data["measures"]:
        assert set(measure) == {"name", "estimate", "lower", "upper", "flag"}


@pytest.mark.parametrize("number", [0, 3])
async def test_the_body_says_how_many_cases_are_history_alone_where_that_is_known(
    bench: Bench, number: int
) -> None:
    data = json.loads(await body_for(bench, replace(signal(), historical_only=number)))["data"]
    assert set(data) == THIN | {"historical_only"}
    assert data["historical_only"] == number
    assert data["schema_version"] == 1


async def test_the_body_is_small_canonical_ascii(bench: Bench) -> None:
    body = await body_for(bench, signal(Pair("méthotrexate", "éruption")))
    assert body.isascii()
    canonical = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    assert body == canonical.encode()
    assert len(body) < 20_000
