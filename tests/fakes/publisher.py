"""A topic in memory."""

from __future__ import annotations

from collections.abc import Iterable

from services.core.ports import Publisher
from tests.fakes.faults import Faults


class MemoryPublisher(Publisher):
    """Keeps (topic, key, value) in the order of sending."""

    def __init__(self, *, faults: Faults | None = None) -> None:
        self.sent: list[tuple[str, str, bytes]] = []
        self.faults = faults or Faults()

    async def publish(self, topic: str, messages: Iterable[tuple[str, bytes]]) -> None:
        self.faults.at("publish")
        self.sent += [(topic, key, value) for key, value in messages]
        self.faults.at("publish:done")
