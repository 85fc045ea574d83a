"""Looking at topics and groups from outside, for tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from services.adapters.topics import partitions_of
from services.core.errors import DependencyUnavailable


async def read_topic(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Every message of a topic, in the order of each partition."""
    partitions = await _partitions(bootstrap, topic)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[ConsumerRecord] = []
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records.extend(batch)
        return records
    finally:
        await consumer.stop()


async def eventually(
    what: str, condition: Callable[[], object], *, timeout_seconds: float = 600.0
) -> None:
    """Wait until a condition (which may be a coroutine function) holds.

    Looking takes at most a fifth of the time: what is looked at needs the machine as well. A
    broker that does not answer has not said no: it may be the one that just restarts.

    Raises:
        AssertionError: it did not hold in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        began = time.monotonic()
        if await _holds(condition):
            return
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"not within {timeout_seconds} s: {what}")
        await asyncio.sleep(max(0.2, 4 * (now - began)))


async def _holds(condition: Callable[[], object]) -> bool:
    try:
        value = condition()
        return bool(await value if asyncio.iscoroutine(value) else value)
    except (KafkaError, DependencyUnavailable):
        return False


async def _partitions(bootstrap: str, topic: str) -> list[TopicPartition]:
    numbers = await partitions_of(bootstrap, topic, timeout_seconds=60)
    return [TopicPartition(topic, number) for number in numbers]
