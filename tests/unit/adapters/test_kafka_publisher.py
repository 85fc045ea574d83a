"""A producer that was given up leaves nobody waiting and goes on with nothing."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from services.adapters.kafka import KafkaPublisher


class Hanging:
    """A producer whose broker has gone, with one message that somebody waits for."""

    def __init__(self) -> None:
        self.waited_for: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.closed: list[str] = []
        self._message_accumulator = SimpleNamespace(fail_all=self.waited_for.set_exception)
        self._sender = SimpleNamespace(close=lambda: self._close("sender"))
        self.client = SimpleNamespace(close=lambda: self._close("client"))

    async def stop(self) -> None:
        await asyncio.Event().wait()

    async def _close(self, part: str) -> None:
        self.closed.append(part)


async def test_who_waits_for_a_producer_that_cannot_finish_is_told() -> None:
    publisher = KafkaPublisher("127.0.0.1:1", request_timeout_seconds=0.05, message_max_bytes=1000)
    producer: Any = Hanging()
    publisher._producer = producer
    publisher._retire(producer)
    publisher._retire(producer)  # a second failure of the same
    await publisher.close()
    assert producer.waited_for.exception() is not None
    assert producer.closed == ["sender", "client"]
