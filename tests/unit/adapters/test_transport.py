"""The traps of Faust's book-keeping: each test fails on Faust's own consumer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from services.adapters.transport import ContiguousConsumer, ContiguousTransport

SOURCE = TP("ehr.notes", 0)


class Harness:
    """A consumer that was assigned a partition, without a broker."""

    def __init__(self, consumer_class: type[driver.Consumer]) -> None:
        app = faust.App("test", broker="kafka://127.0.0.1:1", store="memory://")
        transport_class = type("T", (ContiguousTransport,), {"Consumer": consumer_class})
        app.transport = transport_class(app.conf.broker, app)
        app.topics.acks_enabled_for = lambda topic: True
        self.app = app
        self.generation = 1
        self.consumer: Any = app.consumer

    @property
    def generation(self) -> int:
        return int(self.app.consumer_generation_id)

    @generation.setter
    def generation(self, value: int) -> None:
        self.app.consumer_generation_id = value

    def close(self) -> None:
        """Close the event loop that Faust made for the thread of its consumer."""
        self.consumer._thread.thread_loop.close()

    def fetch(self, offset: int) -> Any:
        """A message comes from the broker."""
        record = SimpleNamespace(
            topic=SOURCE.topic,
            partition=SOURCE.partition,
            offset=offset,
            timestamp=time.time() * 1000,
            timestamp_type=0,
            headers=(),
            key=b"k",
            value=b"v",
            checksum=None,
            serialized_key_size=1,
            serialized_value_size=1,
        )
        return self.consumer._to_message(SOURCE, record)

    def commits(self) -> int | None:
        """The offset that the next commit would write."""
        return self.consumer._new_offset(SOURCE)  # type: ignore[no-any-return]


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    made = Harness(ContiguousConsumer)
    yield made
    made.close()


async def test_finished_messages_are_committed(harness: Harness) -> None:
    for message in [harness.fetch(10), harness.fetch(11)]:
        assert harness.consumer.ack(message)
    assert harness.commits() == 12


@pytest.mark.parametrize("fetched_again_first", [True, False])
async def test_a_message_of_an_ended_assignment_is_not_finished_by_being_skipped(
    harness: Harness, fetched_again_first: bool
) -> None:
    stale = harness.fetch(10)
    harness.consumer._trackers.clear()  # as a revocation does
    harness.generation = 2
    if fetched_again_first:
        harness.fetch(10)
        harness.consumer.ack(stale)
    else:
        harness.consumer.ack(stale)
        harness.fetch(10)
    assert harness.commits() is None


async def test_a_first_message_that_is_unfinished_holds_the_commit_back(harness: Harness) -> None:
    harness.consumer._committed_offset[SOURCE] = 10
    harness.fetch(10)
    later = harness.fetch(11)
    harness.consumer.ack(later)
    assert harness.commits() is None


async def test_the_message_after_a_gap_is_not_finished_by_the_gap(harness: Harness) -> None:
    first, _ = harness.fetch(0), harness.fetch(5)
    await harness.consumer._add_gap(SOURCE, 1, 5)
    harness.consumer.ack(first)
    last = harness.fetch(6)
    harness.consumer.ack(last)
    assert harness.commits() == 1


async def test_revoked_partitions_are_forgotten(harness: Harness) -> None:
    message = harness.fetch(3)
    harness.consumer.ack(message)
    harness.consumer._trackers.pop(SOURCE)
    assert harness.commits() is None


async def _commit_of_faust(scenario: str) -> int | None:
    harness = Harness(driver.Consumer)
    try:
        return await _scene(harness, scenario)
    finally:
        harness.close()


async def _scene(harness: Harness, scenario: str) -> int | None:
    consumer = harness.consumer
    if scenario == "stale":
        stale = harness.fetch(10)
        harness.generation = 2
        consumer.ack(stale)
    elif scenario == "first":
        consumer._committed_offset[SOURCE] = 10
        harness.fetch(10)
        consumer.ack(harness.fetch(11))
    else:
        first, _ = harness.fetch(0), harness.fetch(5)
        await consumer._add_gap(SOURCE, 1, 5)
        consumer.ack(first)
        consumer.ack(harness.fetch(6))
    return harness.commits()


@pytest.mark.parametrize(("scenario", "unsafe"), [("stale", 11), ("first", 12), ("gap", 7)])
async def test_the_traps_are_real(scenario: str, unsafe: int) -> None:
    """Faust's own consumer commits past the unfinished message. When this fails, Faust has
    changed, and `services.adapters.transport` may have become unnecessary."""
    assert await _commit_of_faust(scenario) == unsafe
