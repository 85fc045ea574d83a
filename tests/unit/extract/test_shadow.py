"""A candidate reads beside the serving pair, and nothing it does reaches the serving path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from services.core.contracts import Extraction, Note, Pair, Versions
from services.core.disagreement import Beside, Disagreement
from services.core.errors import ConfigurationError, DependencyUnavailable
from services.core.model_versions import VersionPair
from services.extract.current import NoteReader
from services.extract.shadow import Shadow, ShadowedReader, Tally
from tests.fakes.clock import START, FakeClock
from tests.fakes.disagreements import MemoryDisagreements
from tests.fakes.extractions import COUGH, RASH, extraction, retraction
from tests.fakes.faults import Faults

ONE, TWO = VersionPair("1", "1"), VersionPair("2", "2")
BESIDE = Beside(ONE, TWO)


def note(note_id: str) -> Note:
    return Note(
        source="ehr", note_id=note_id, version=1, patient_key="p", written_at=START, text="text"
    )


class PairReader:
    """Finds the same pairs in every note, when its gate is open."""

    def __init__(self, pair: VersionPair, *found: Pair) -> None:
        self.versions = Versions(ner=pair.ner, relation=pair.relation, rules="1", vocabulary="1")
        self.found = found
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.read: list[str] = []

    async def extract(self, notes: Sequence[Note]) -> list[Extraction]:
        self.read += [one.note_id for one in notes]
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [extraction(one.note_id, *self.found, versions=self.versions) for one in notes]


class Seen:
    """An observer that a test can wait for."""

    def __init__(self) -> None:
        self.total = Disagreement()
        self.changed = asyncio.Event()

    def observe(self, beside: Beside, found: Disagreement) -> None:
        assert beside == BESIDE
        self.total += found
        self.changed.set()

    async def notes(self, number: int) -> Disagreement:
        """What was seen when that many notes have come to an end."""
        async with asyncio.timeout(60):
            while self.total.notes + self.total.failed < number:
                self.changed.clear()
                await self.changed.wait()
        return self.total


class Setting:
    """A serving reader, a candidate and the shadow between them."""

    def __init__(self, *, share: float = 1.0, waiting: int = 4) -> None:
        self.serving, self.candidate = PairReader(ONE, RASH), PairReader(TWO, RASH, COUGH)
        self.wanted: Beside | None = BESIDE
        self.broken: Exception | None = None
        self.seen = Seen()
        self.looked = 0
        self.shadow = Shadow(
            self._wanted,
            self._build,
            self.seen,
            share=share,
            waiting=waiting,
            every_seconds=60,
        )
        self.reader = ShadowedReader(self.serving, self.shadow)

    def _wanted(self) -> Beside | None:
        self.looked += 1
        return self.wanted

    def _build(self, pair: VersionPair) -> NoteReader:
        assert pair == TWO
        if self.broken is not None:
            raise self.broken
        return self.candidate

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.shadow.follow()
        task = asyncio.create_task(self.shadow.run())
        yield
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_both_read_is_compared() -> None:
    setting = Setting()
    async with setting.running():
        answers = await setting.reader.extract([note("a"), note("b")])
        assert [one.versions.ner for one in answers] == ["1", "1"]
        assert await setting.seen.notes(2) == Disagreement(notes=2, same=2, only_candidate=2)
    assert setting.candidate.read == ["a", "b"]


async def test_without_a_candidate_nothing_is_kept() -> None:
    setting = Setting()
    setting.wanted = None
    await setting.shadow.follow()
    await setting.reader.extract([note("a")])
    setting.wanted = BESIDE
    async with setting.running():
        await setting.reader.extract([note("b")])
        await setting.seen.notes(1)
    assert setting.candidate.read == ["b"]


async def test_a_slow_candidate_drops_notes_and_delays_none() -> None:
    setting = Setting(waiting=2)
    setting.candidate.gate.clear()
    async with setting.running():
        async with asyncio.timeout(60):
            answers = await setting.reader.extract([note(str(number)) for number in range(10)])
        assert len(answers) == 10
        assert setting.seen.total == Disagreement(dropped=8)
        setting.candidate.gate.set()
        assert (await setting.seen.notes(2)).dropped == 8


async def test_the_candidate_begins_no_note_while_the_serving_pair_reads() -> None:
    setting = Setting()
    setting.candidate.gate.clear()
    async with setting.running():
        await setting.reader.extract([note("a"), note("b")])
        async with asyncio.timeout(60):
            while setting.candidate.read != ["a"]:  # noqa: ASYNC110
                await asyncio.sleep(0)
        with setting.shadow.standing_back():
            looked = setting.looked
            setting.candidate.gate.set()
            async with asyncio.timeout(60):
                while setting.looked == looked:  # noqa: ASYNC110
                    await asyncio.sleep(0)
            for _ in range(1000):
                await asyncio.sleep(0)
            assert setting.candidate.read == ["a"]
        await setting.seen.notes(2)
    assert setting.candidate.read == ["a", "b"]


@pytest.mark.parametrize("error", [DependencyUnavailable("triton"), ValueError("a bug")])
async def test_a_candidate_that_fails_is_counted_and_goes_on(error: Exception) -> None:
    setting = Setting()
    setting.candidate.error = error
    async with setting.running():
        assert len(await setting.reader.extract([note("a")])) == 1
        await setting.seen.notes(1)
        setting.candidate.error = None
        await setting.reader.extract([note("b")])
        assert await setting.seen.notes(2) == Disagreement(
            failed=1, notes=1, same=1, only_candidate=1
        )


@pytest.mark.parametrize("error", [ConfigurationError("incomplete"), ValueError("a bug")])
async def test_a_candidate_that_cannot_be_built_leaves_the_serving_pair_alone(
    error: Exception,
) -> None:
    setting = Setting()
    setting.broken = error
    await setting.shadow.follow()
    assert len(await setting.reader.extract([note("a")])) == 1
    setting.broken = None
    async with setting.running():
        await setting.reader.extract([note("b")])
        await setting.seen.notes(1)
    assert setting.candidate.read == ["b"]


async def test_failures_of_the_serving_pair_are_its_own() -> None:
    setting = Setting()
    await setting.shadow.follow()
    setting.serving.error = DependencyUnavailable("triton")
    with pytest.raises(DependencyUnavailable):
        await setting.reader.extract([note("a")])
    assert setting.seen.total == Disagreement()
    setting.serving.error = None
    async with setting.running():
        await setting.reader.extract([note("b")])
        await setting.seen.notes(1)


async def test_a_note_read_again_is_no_other_draw() -> None:
    setting = Setting(share=0.5, waiting=1)
    await setting.shadow.follow()
    notes = [note(str(number)) for number in range(400)]
    # Nothing runs: one note waits, the others of the sample are dropped and counted.
    await setting.reader.extract(notes)
    drawn = setting.seen.total.dropped + 1
    assert 100 < drawn < 300
    await setting.reader.extract(notes)
    assert setting.seen.total.dropped == 2 * drawn - 1


async def test_only_what_the_serving_pair_read_is_compared() -> None:
    setting = Setting()
    await setting.shadow.follow()
    setting.serving.versions = Versions(ner="7", relation="7", rules="1", vocabulary="1")
    await setting.reader.extract([note("a")])
    setting.serving.versions = Versions(ner="1", relation="1", rules="1", vocabulary="1")
    taken_back = replace(retraction("b"), versions=setting.serving.versions)
    setting.shadow.offer([note("b")], [taken_back])
    async with setting.running():
        await setting.reader.extract([note("c")])
        await setting.seen.notes(1)
    assert setting.candidate.read == ["c"]


async def test_a_tally_loses_nothing_while_the_record_is_away() -> None:
    faults = Faults()
    record, seen = MemoryDisagreements(faults=faults), Seen()
    tally = Tally(record, seen, clock=FakeClock())
    tally.observe(BESIDE, Disagreement(notes=1, same=1))
    faults.planned.append("disagreements.add")
    await tally.flush()
    tally.observe(BESIDE, Disagreement(notes=1, only_serving=1))
    await tally.flush()
    await tally.flush()
    assert record.totals() == {BESIDE: Disagreement(notes=2, same=1, only_serving=1)}
    assert seen.total == record.totals()[BESIDE]
