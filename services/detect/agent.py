"""The detect stage on its topic: touched pairs in, transitions of signals out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.core.contracts import PairDelta
from services.core.ports import Message, Rejected
from services.core.reading import read_all
from services.detect.handler import Detector


class DetectStage:
    """Scores the pairs that were touched; a pair touched often in a batch is scored once."""

    name = "detect"

    def __init__(self, detector: Detector, *, decode: Callable[[bytes], PairDelta]) -> None:
        self._detector = detector
        self._decode = decode

    async def recover(self) -> None:
        """Publish transitions that an earlier process recorded and could not publish."""
        await self._detector.recover()

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        """See `Stage`."""
        deltas, rejected = read_all(messages, lambda message: self._decode(message.value or b""))
        if deltas:
            await self._detector.rescore(sorted({delta.pair for delta in deltas}))
        return rejected
