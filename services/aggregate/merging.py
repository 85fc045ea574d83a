"""The aggregate stage on the topic of merges: patients become one, and the counts follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.aggregate.handler import Aggregator
from services.core.contracts import PatientMerge
from services.core.ports import Message, Rejected
from services.core.reading import read_all


class MergeStage:
    """Applies merges of patients."""

    name = "merge"

    def __init__(self, aggregator: Aggregator, *, decode: Callable[[bytes], PatientMerge]) -> None:
        self._aggregator = aggregator
        self._decode = decode

    async def recover(self) -> None:
        """Bring hot counts and pv.pairs up to the record."""
        await self._aggregator.recover()

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        """See `Stage`."""
        merges, rejected = read_all(messages, lambda message: self._decode(message.value or b""))
        if merges:
            await self._aggregator.merge(merges)
        return rejected
