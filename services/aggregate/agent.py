"""The aggregate stage on its topic: extractions in, counted pairs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.aggregate.handler import Aggregator
from services.core.contracts import Extraction
from services.core.ports import Message, Rejected
from services.core.reading import read_all


class AggregateStage:
    """Counts extractions."""

    name = "aggregate"

    def __init__(self, aggregator: Aggregator, *, decode: Callable[[bytes], Extraction]) -> None:
        self._aggregator = aggregator
        self._decode = decode

    async def recover(self) -> None:
        """Bring hot counts and pv.pairs up to the record."""
        await self._aggregator.recover()

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        """See `Stage`."""
        extractions, rejected = read_all(
            messages, lambda message: self._decode(message.value or b"")
        )
        if extractions:
            await self._aggregator.handle(extractions)
        return rejected
