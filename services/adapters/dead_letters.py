"""Dead letters: the original bytes under their original key, with reason and origin as headers.

The value of a dead letter is the message as it came, so that replaying one is writing it back to
its origin. A dead letter may be written twice (its stage died before the commit): two letters of
one origin are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from services.adapters.kafka import KafkaPublisher, Record
from services.adapters.topics import partitions_of
from services.core.errors import DependencyUnavailable
from services.core.ports import Message, Rejected

SUFFIX = ".dead-letters"
PREFIX = "adewatch-"
MILLISECONDS = 1000


def topic_of(origin: str) -> str:
    """The dead-letter topic of a topic."""
    return origin + SUFFIX


class KafkaDeadLetters:
    """Writes dead letters."""

    def __init__(self, publisher: KafkaPublisher) -> None:
        self._publisher = publisher

    async def keep(self, stage: str, rejected: Sequence[Rejected]) -> None:
        """See `DeadLetters`."""
        for topic in {letter.message.topic for letter in rejected}:
            letters = [letter for letter in rejected if letter.message.topic == topic]
            await self._publisher.send(topic_of(topic), _records(stage, letters))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter as it lies in its topic.

    `partition` and `offset` are its own place; `origin` is where the message was first read.
    """

    partition: int
    offset: int
    stage: str
    reason: str
    detail: str
    origin: Message


async def read_dead_letters(
    bootstrap: str, origin: str, *, timeout_seconds: float, limit: int
) -> list[DeadLetter]:
    """The dead letters of a topic, oldest first in each partition.

    Raises:
        DependencyUnavailable: the broker did not answer in time.
    """
    topic = topic_of(origin)
    numbers = await partitions_of(bootstrap, topic, timeout_seconds=timeout_seconds)
    if not numbers:
        return []
    partitions = [TopicPartition(topic, number) for number in numbers]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        request_timeout_ms=int(timeout_seconds * MILLISECONDS),
        enable_auto_commit=False,
    )
    letters: list[DeadLetter] = []
    try:
        await consumer.start()
        topic = topic_of(origin)
        await consumer._client.force_metadata_update()
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        if not partitions:
            return []
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while len(letters) < limit and await _unread(consumer, ends):
            batches = await consumer.getmany(timeout_ms=MILLISECONDS, max_records=limit)
            for records in batches.values():
                letters.extend(_letter(record) for record in records)
    except (KafkaError, OSError) as error:
        raise DependencyUnavailable("kafka", type(error).__name__) from None
    finally:
        await consumer.stop()
    return letters[:limit]


async def _unread(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return True
    return False


def _records(stage: str, letters: Sequence[Rejected]) -> Iterator[Record]:
    for letter in letters:
        message = letter.message
        own = {
            "stage": stage,
            "reason": letter.reason,
            "detail": letter.detail,
            "origin-topic": message.topic,
            "origin-partition": str(message.partition),
            "origin-offset": str(message.offset),
            "origin-timestamp": message.timestamp.isoformat(),
        }
        headers = {PREFIX + name: value.encode() for name, value in own.items()}
        yield Record(message.key, message.value, {**message.headers, **headers})


def _letter(record: ConsumerRecord) -> DeadLetter:
    headers = {name: value or b"" for name, value in record.headers}
    own = {
        name.removeprefix(PREFIX): value.decode("utf-8", "replace")
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        stage=own.get("stage", ""),
        reason=own.get("reason", ""),
        detail=own.get("detail", ""),
        origin=Message(
            topic=own.get("origin-topic", ""),
            partition=int(own.get("origin-partition", -1)),
            offset=int(own.get("origin-offset", -1)),
            timestamp=datetime.fromisoformat(own["origin-timestamp"])
            if "origin-timestamp" in own
            else datetime.fromtimestamp(record.timestamp / MILLISECONDS, UTC),
            key=record.key,
            value=record.value,
            headers={n: v for n, v in headers.items() if not n.startswith(PREFIX)},
        ),
    )
