"""Publishing with acknowledgements over aiokafka."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RequestTimedOutError

from services.adapters.patient_client import make_patient
from services.core.errors import DependencyUnavailable, InvalidMessage

MILLISECONDS = 1000
DEAD_LETTER_HEADROOM_BYTES = 64 * 1024
"""What reason and origin may add to a message that is as large as its topic allows."""

MAX_IN_FLIGHT = 500
"""Unacknowledged messages at a time: bounds memory, whatever a caller hands over."""


@dataclass(frozen=True, slots=True)
class Record:
    """A message to write."""

    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)


class KafkaPublisher:
    """Writes messages and waits for the broker to have them. Connects at the first call.

    The producer is idempotent and waits for all in-sync replicas, so a retry inside the client
    neither loses nor repeats nor reorders. A retry by the caller may repeat: readers are
    idempotent.

    A message that the broker refuses has used up its sequence number: from then on the broker
    would refuse all of this producer as out of order (aiokafka 0.14). Another one takes its place.
    """

    def __init__(
        self, bootstrap: str, *, request_timeout_seconds: float, message_max_bytes: int
    ) -> None:
        self._bootstrap = bootstrap
        self._request_timeout_ms = int(request_timeout_seconds * MILLISECONDS)
        self._message_max_bytes = message_max_bytes
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._retired: set[asyncio.Task[None]] = set()

    async def publish(self, topic: str, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send (key, value) messages; on return the broker has acknowledged all of them.

        Raises:
            DependencyUnavailable: the broker did not acknowledge in time. Some of the messages
                may have been written.
            InvalidMessage: "too-large"; some of the other messages may have been written.
        """
        await self.send(topic, (Record(key.encode(), value) for key, value in messages))

    async def send(self, topic: str, records: Iterable[Record]) -> None:
        """Like `publish`, for records with headers and with keys that need not be text."""
        try:
            producer = await self._started()
            pending: list[asyncio.Future[object]] = []
            for record in records:
                pending.append(
                    await producer.send(
                        topic,
                        value=record.value,
                        key=record.key,
                        headers=list(record.headers.items()),
                    )
                )
                if len(pending) >= MAX_IN_FLIGHT:
                    await self._acknowledged(producer, pending)
                    pending = []
            await self._acknowledged(producer, pending)
        except MessageSizeTooLargeError:
            raise InvalidMessage("too-large", f"for topic {topic}") from None
        except (KafkaError, OSError) as error:
            raise DependencyUnavailable("kafka", type(error).__name__) from None

    async def close(self) -> None:
        """Flush and disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()
        await asyncio.gather(*self._retired)

    async def _acknowledged(
        self, producer: AIOKafkaProducer, pending: Sequence[asyncio.Future[object]]
    ) -> None:
        # Every future is awaited even if one fails, so that none is left without a reader.
        results = await asyncio.gather(*pending, return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        if failures:
            self._retire(producer)
            raise failures[0]

    def _retire(self, producer: AIOKafkaProducer) -> None:
        """Let the next call begin anew; what others have handed to this producer, it may finish."""
        if self._producer is producer:
            self._producer = None
            task = asyncio.create_task(self._stop(producer))
            self._retired.add(task)
            task.add_done_callback(self._retired.discard)

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(self._request_timeout_ms / MILLISECONDS):
                await producer.stop()
                return
        # It could not finish: its tasks would go on trying for ever, and callers wait for them.
        producer._message_accumulator.fail_all(RequestTimedOutError())
        with suppress(KafkaError, OSError):
            await producer._sender.close()
            await producer.client.close()

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    acks="all",
                    enable_idempotence=True,
                    request_timeout_ms=self._request_timeout_ms,
                    max_request_size=self._message_max_bytes + DEAD_LETTER_HEADROOM_BYTES,
                    linger_ms=5,
                )
                make_patient(producer.client)
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
        return self._producer
