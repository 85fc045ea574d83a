"""A door with Kafka in memory, which can be away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from services.adapters import wire
from services.core.errors import DependencyUnavailable
from services.core.ports import Rejected
from services.core.reading import Reading
from services.gateway.door import Door
from services.ingest.intake import SOURCE_HEADER
from services.ingest.recognise import parse
from tests.samples.hospital import INTAKE

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class FixedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Always the same."""
        return NOW


class MemoryKafka:
    """Messages and dead letters; raises while `away`."""

    def __init__(self) -> None:
        self.away = False
        self.messages: list[tuple[str, str, bytes]] = []
        self.letters: list[Rejected] = []

    async def publish(self, topic: str, messages: Iterable[tuple[str, bytes]]) -> None:
        """See `Publisher`."""
        self._answer()
        self.messages.extend((topic, key, value) for key, value in messages)

    async def keep(self, stage: str, rejected: Sequence[Rejected]) -> None:
        """See `DeadLetters`."""
        self._answer()
        self.letters.extend(rejected)

    def _answer(self) -> None:
        if self.away:
            raise DependencyUnavailable("kafka", "away")


def door(kafka: MemoryKafka, observed: list[tuple[str, str]] | None = None) -> Door:
    """A door in front of it."""
    seen = observed if observed is not None else []
    return Door(
        kafka,
        kafka,
        parse=_parse,
        encode=wire.encode,
        topic="ehr.notes",
        merges_topic="ehr.merges",
        clock=FixedClock(),
        max_in_flight=2,
        timeout_seconds=20.0,
        observe=lambda protocol, outcome: seen.append((protocol, outcome)),
    )


def _parse(value: bytes, headers: Mapping[str, bytes]) -> Reading:
    source = headers.get(SOURCE_HEADER, b"").decode()
    content_type = headers.get("content-type", b"").decode()
    return parse(value, replace(INTAKE, source=source), content_type=content_type)
