"""A batch is read by one pair of versions, and the pair that serves is followed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.core.contracts import Extraction, Note
from services.core.errors import ConfigurationError
from services.core.model_versions import VersionPair
from services.extract.current import CurrentReader, NoteReader
from tests.fakes.extractions import extraction

FIRST, SECOND = VersionPair("1", "1"), VersionPair("2", "1")


class Serving:
    """What serves, as a test sets it."""

    def __init__(self) -> None:
        self.pair = FIRST
        self.broken = False

    def __call__(self) -> VersionPair:
        if self.broken:
            raise ConfigurationError("publications.json is damaged")
        return self.pair


class PairReader:
    """Names the pair it was built for, after waiting for a gate."""

    def __init__(
        self, pair: VersionPair, gate: asyncio.Event, entered: list[VersionPair] | None = None
    ) -> None:
        self._pair = pair
        self._gate = gate
        self._entered = [] if entered is None else entered

    async def extract(self, notes: Sequence[Note]) -> list[Extraction]:
        self._entered.append(self._pair)
        await self._gate.wait()
        return [extraction(str(self._pair))]


def reader(serving: Serving, gate: asyncio.Event) -> CurrentReader:
    def build(pair: VersionPair) -> NoteReader:
        if pair.ner == "incomplete":
            raise ConfigurationError("version incomplete of model ner is incomplete")
        return PairReader(pair, gate)

    return CurrentReader(serving, build)


async def read(current: CurrentReader) -> str:
    (answer,) = await current.extract([])
    return answer.note_id


async def test_the_next_batch_is_read_with_what_serves_then() -> None:
    serving, gate = Serving(), asyncio.Event()
    gate.set()
    current = reader(serving, gate)
    assert await read(current) == str(FIRST)
    serving.pair = SECOND
    assert await read(current) == str(SECOND)
    serving.pair = FIRST
    assert await read(current) == str(FIRST)


async def test_a_batch_under_way_keeps_its_pair() -> None:
    serving, gate = Serving(), asyncio.Event()
    entered: list[VersionPair] = []
    current = CurrentReader(serving, lambda pair: PairReader(pair, gate, entered))
    under_way = asyncio.create_task(read(current))
    async with asyncio.timeout(30):
        while not entered:  # noqa: ASYNC110
            await asyncio.sleep(0)
    serving.pair = SECOND
    later = asyncio.create_task(read(current))
    async with asyncio.timeout(30):
        while len(entered) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
    gate.set()
    assert (await under_way, await later) == (str(FIRST), str(SECOND))


async def test_a_pair_that_cannot_be_read_leaves_the_old_one_in_use() -> None:
    serving, gate = Serving(), asyncio.Event()
    gate.set()
    current = reader(serving, gate)
    serving.pair = VersionPair("incomplete", "1")
    assert await read(current) == str(FIRST)
    serving.broken = True
    assert await read(current) == str(FIRST)
    serving.broken, serving.pair = False, SECOND
    assert await read(current) == str(SECOND)
