"""The extract stage on its topic: notes in, extractions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.core.contracts import Extraction, Note
from services.core.ports import Message, Publisher, Rejected
from services.core.reading import read_all
from services.extract.current import NoteReader

Parse = Callable[[bytes, Mapping[str, bytes]], Note]


class ExtractStage:
    """Reads notes of any known format and publishes what was found in them, keyed by patient."""

    name = "extract"

    def __init__(
        self,
        extractor: NoteReader,
        publisher: Publisher,
        *,
        parse: Parse,
        encode: Callable[[Extraction], bytes],
        topic: str,
    ) -> None:
        self._extractor = extractor
        self._publisher = publisher
        self._parse = parse
        self._encode = encode
        self._topic = topic

    async def recover(self) -> None:
        """Nothing to do: an extraction that was not acknowledged is made again."""

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        """See `Stage`."""
        notes, rejected = read_all(
            messages, lambda message: self._parse(message.value or b"", message.headers)
        )
        extractions = await self._extractor.extract(notes)
        await self._publisher.publish(
            self._topic,
            [(extraction.patient_key, self._encode(extraction)) for extraction in extractions],
        )
        return rejected
