"""The alert stage on its topic: transitions of signals in, rows of the outbox out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.alert.handler import Alerter
from services.core.ports import Message, Rejected
from services.core.reading import read_all
from services.core.signal_contracts import Signal


class AlertStage:
    """Puts an alert per subscriber and transition into the outbox; the dispatcher delivers."""

    name = "alert"

    def __init__(self, alerter: Alerter, *, decode: Callable[[bytes], Signal]) -> None:
        self._alerter = alerter
        self._decode = decode

    async def recover(self) -> None:
        """Nothing to do: the dispatcher starts with what the outbox holds."""

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        """See `Stage`."""
        signals, rejected = read_all(messages, lambda message: self._decode(message.value or b""))
        if signals:
            await self._alerter.handle(signals)
        return rejected
