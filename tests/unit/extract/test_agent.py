"""The stage reads what it must know before its first note."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.core.contracts import Extraction, Note
from services.core.errors import DependencyUnavailable
from services.core.reading import Reading
from services.extract.agent import ExtractStage
from tests.fakes.publisher import MemoryPublisher


class NoReader:
    """Is not asked to read."""

    async def extract(self, notes: Sequence[Note]) -> list[Extraction]:
        return []


class Decisions:
    """May be away; counts how often it was read."""

    def __init__(self) -> None:
        self.away = True
        self.read = 0

    async def refresh(self) -> None:
        if self.away:
            raise DependencyUnavailable("sql")
        self.read += 1


async def test_no_note_is_named_before_the_decisions_of_people_were_read() -> None:
    decisions = Decisions()
    stage = ExtractStage(
        NoReader(),
        MemoryPublisher(),
        prepare=decisions.refresh,
        parse=lambda value, headers: Reading(),
        encode=lambda message: b"",
        topic="ade.extractions",
        merges_topic="ehr.merges",
    )
    with pytest.raises(DependencyUnavailable):
        await stage.recover()
    decisions.away = False
    await stage.recover()
    assert decisions.read == 1
