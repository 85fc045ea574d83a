"""Reads notes with the pair of model versions that serves now, which may change while it runs.

A batch is read by one pair from its first token to its last relation: tokenizers, cards and
the version asked of the inference server belong together. Between batches the reader looks which
pair serves, and changes over when that is another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from services.core.contracts import Extraction, Note
from services.core.errors import ConfigurationError
from services.core.model_versions import VersionPair

log = structlog.get_logger(__name__)


class NoteReader(Protocol):
    """Notes to extractions."""

    async def extract(self, notes: Sequence[Note]) -> list[Extraction]:
        """One extraction per note, in order.

        Raises:
            DependencyUnavailable: the inference server did not answer.
        """
        ...


class CurrentReader:
    """A `NoteReader` that follows the serving pair.

    Args:
        serving: says which pair serves now.
        build: makes a reader of a pair.

    Raises:
        ConfigurationError: there is no complete pair to begin with.
    """

    def __init__(
        self, serving: Callable[[], VersionPair], build: Callable[[VersionPair], NoteReader]
    ) -> None:
        self._serving = serving
        self._build = build
        self._pair = serving()
        self._reader = build(self._pair)
        self._changing = asyncio.Lock()
        self._problem = ""

    @property
    def pair(self) -> VersionPair:
        """What the last batch was read with, or the next one will be."""
        return self._pair

    async def extract(self, notes: Sequence[Note]) -> list[Extraction]:
        """See `NoteReader`."""
        async with self._changing:
            await asyncio.to_thread(self._follow)
        return await self._reader.extract(notes)

    def _follow(self) -> None:
        """Change to the pair that serves; one that cannot be read leaves the old one in use."""
        try:
            wanted = self._serving()
            if wanted != self._pair:
                self._reader, self._pair = self._build(wanted), wanted
                log.info("models changed", ner=wanted.ner, relation=wanted.relation)
            self._problem = ""
        except ConfigurationError as error:
            if str(error) != self._problem:
                log.error("models cannot be changed", reason=str(error))
            self._problem = str(error)
