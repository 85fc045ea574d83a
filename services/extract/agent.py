"""The extract stage on its topic: notes in, extractions out, and merges of patients beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from services.core.contracts import Extraction, PatientMerge
from services.core.ports import Message, Publisher, Rejected
from services.core.reading import Reading, read_all
from services.extract.current import NoteReader

Parse = Callable[[bytes, Mapping[str, bytes]], Reading]


class ExtractStage:
    """Reads notes of any known format and publishes what was found in them, keyed by patient.

    Args:
        extractor: reads notes.
        publisher: acknowledges messages that are durable.
        parse: a message and its headers to what it holds.
        encode: an extraction or a merge as bytes.
        topic: of extractions; merges_topic: of merges.
        prepare: what must be read before the first note (decisions about names: what was counted
            under a name that people decided against stays there until the next recount).
    """

    name = "extract"

    def __init__(
        self,
        extractor: NoteReader,
        publisher: Publisher,
        *,
        parse: Parse,
        encode: Callable[[Extraction | PatientMerge], bytes],
        topic: str,
        merges_topic: str,
        prepare: Callable[[], Awaitable[object]],
    ) -> None:
        self._extractor = extractor
        self._publisher = publisher
        self._parse = parse
        self._encode = encode
        self._topic = topic
        self._merges_topic = merges_topic
        self._prepare = prepare

    async def recover(self) -> None:
        """Only prepare: an extraction that was not acknowledged is made again."""
        await self._prepare()

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        """See `Stage`."""
        read, rejected = read_all(
            messages,
            lambda message: (message, self._parse(message.value or b"", message.headers)),
        )
        for message, reading in read:
            if reading.complaint is not None:
                partly = all(item.partly for item in reading.refused)
                rejected.append(Rejected(message, *reading.complaint, partly=partly))
        await self._publish_merges([merge for _, reading in read for merge in reading.merges])
        extractions = await self._extractor.extract(
            [note for _, reading in read for note in reading.notes]
        )
        await self._publisher.publish(
            self._topic,
            [(extraction.patient_key, self._encode(extraction)) for extraction in extractions],
        )
        return rejected

    async def _publish_merges(self, merges: Sequence[PatientMerge]) -> None:
        if merges:
            await self._publisher.publish(
                self._merges_topic, [(merge.surviving, self._encode(merge)) for merge in merges]
            )
