"""A candidate pair of models that reads some of the live notes beside the serving pair.

The serving path never waits for it: a note of the sample is put into a short queue or dropped,
and the candidate begins a note only while no batch of the serving pair is being read. Whatever
goes wrong in the candidate is counted and ends there.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import structlog

from services.core.contracts import Extraction, Note
from services.core.disagreement import Beside, Disagreement, DisagreementRecord, compare
from services.core.errors import AdewatchError
from services.core.model_versions import VersionPair
from services.core.ports import Clock
from services.extract.current import NoteReader

log = structlog.get_logger(__name__)


class Observer(Protocol):
    """Gets what the shadow saw."""

    def observe(self, beside: Beside, found: Disagreement) -> None:
        """Take counts; never fails and never waits."""
        ...


class _Offer(NamedTuple):
    note: Note
    serving: Extraction


class Shadow:
    """Runs the candidate that the history names, if it names one.

    Args:
        wanted: the serving pair and its candidate; None if there is none.
        build: makes a reader of a pair.
        observer: gets counts.
        share: of the notes, 0 to 1. A note is in the sample or not by its identity, so that a
            note read again is no other draw.
        waiting: the most notes that wait.
        every_seconds: how often to look whether there is a candidate.
    """

    def __init__(
        self,
        wanted: Callable[[], Beside | None],
        build: Callable[[VersionPair], NoteReader],
        observer: Observer,
        *,
        share: float,
        waiting: int,
        every_seconds: float,
    ) -> None:
        self._wanted = wanted
        self._build = build
        self._observer = observer
        self._share = share
        self._every_seconds = every_seconds
        self._queue: asyncio.Queue[_Offer] = asyncio.Queue(waiting)
        self._beside: Beside | None = None
        self._reader: NoteReader | None = None
        self._problem = ""
        self._serving = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def standing_back(self) -> Iterator[None]:
        """The candidate begins no note within the block."""
        self._serving += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._serving -= 1
            if self._serving == 0:
                self._idle.set()

    def offer(self, notes: Sequence[Note], extractions: Sequence[Extraction]) -> None:
        """What the serving pair has read; never waits and never fails."""
        beside = self._beside
        if beside is None:
            return
        for note, extraction in zip(notes, extractions, strict=True):
            if not _read_by(beside.serving, extraction) or not _drawn(extraction, self._share):
                continue
            try:
                self._queue.put_nowait(_Offer(note, extraction))
            except asyncio.QueueFull:
                self._observer.observe(beside, Disagreement(dropped=1))

    async def run(self) -> None:
        """Follow the history and read what was offered; never returns."""
        while True:
            await self.follow()
            try:
                async with asyncio.timeout(self._every_seconds):
                    offer = await self._queue.get()
            except TimeoutError:
                continue
            await self._idle.wait()
            await self._read(offer)

    async def follow(self) -> None:
        """Change to the candidate that the history names. One that cannot be read is none."""
        try:
            wanted = await asyncio.to_thread(self._wanted)
            if wanted != self._beside:
                reader = None
                if wanted is not None:
                    reader = await asyncio.to_thread(self._build, wanted.candidate)
                self._change(wanted, reader)
            self._problem = ""
        except Exception as error:  # noqa: BLE001 - whatever it is, the serving pair goes on
            self._change(None, None)
            said = str(error) if isinstance(error, AdewatchError) else type(error).__name__
            if said != self._problem:
                log.error("the shadow cannot run", reason=said)
            self._problem = said

    def _change(self, beside: Beside | None, reader: NoteReader | None) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()  # was read by another pair
        if beside != self._beside:
            log.info("shadow changed", candidate=str(beside.candidate) if beside else "none")
        self._beside, self._reader = beside, reader

    async def _read(self, offer: _Offer) -> None:
        beside, reader = self._beside, self._reader
        if beside is None or reader is None:
            return
        try:
            (candidate,) = await reader.extract([offer.note])
            found = compare(offer.serving, candidate)
        except Exception as error:  # noqa: BLE001 - a candidate is not trusted: it may fail anyhow
            log.warning("the shadow could not read a note", error=type(error).__name__)
            found = Disagreement(failed=1)
        self._observer.observe(beside, found)


class ShadowedReader:
    """A `NoteReader` whose answers a shadow sees afterwards."""

    def __init__(self, serving: NoteReader, shadow: Shadow) -> None:
        self._serving = serving
        self._shadow = shadow

    async def extract(self, notes: Sequence[Note]) -> list[Extraction]:
        """See `NoteReader`."""
        with self._shadow.standing_back():
            extractions = await self._serving.extract(notes)
        self._shadow.offer(notes, extractions)
        return extractions


class Tally:
    """An `Observer` that adds up, and writes to the record from time to time.

    Args:
        record: gets the counts.
        further: gets everything at once (metrics).
        clock: for the record.
    """

    def __init__(self, record: DisagreementRecord, further: Observer, *, clock: Clock) -> None:
        self._record = record
        self._further = further
        self._clock = clock
        self._waiting: dict[Beside, Disagreement] = {}

    def observe(self, beside: Beside, found: Disagreement) -> None:
        """See `Observer`."""
        self._further.observe(beside, found)
        self._waiting[beside] = self._waiting.get(beside, Disagreement()) + found

    async def flush(self) -> None:
        """Write what was added up. If the record is away, it is kept for the next time."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            await asyncio.to_thread(self._record.add, waiting, at=self._clock.now())
        except AdewatchError as error:
            for beside, found in waiting.items():
                self._waiting[beside] = self._waiting.get(beside, Disagreement()) + found
            log.warning("disagreement not recorded yet", reason=str(error))


def _read_by(pair: VersionPair, extraction: Extraction) -> bool:
    """Whether the pair read the note; a retracted note or an empty one is read by nobody."""
    versions = extraction.versions
    return (
        not extraction.retracted
        and versions.ner == pair.ner
        # No relation version answers where no candidate pair was found.
        and versions.relation in ("", pair.relation)
    )


def _drawn(extraction: Extraction, share: float) -> bool:
    digest = hashlib.sha256(extraction.extraction_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
