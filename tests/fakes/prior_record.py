"""The record of the fits of EBGM's prior in memory."""

from __future__ import annotations

import threading

from services.core.errors import IntegrityError
from services.core.statistics_ports import PriorFit, PriorRecord


class MemoryPriorRecord(PriorRecord):
    """Fits in order."""

    def __init__(self) -> None:
        self.fits: list[PriorFit] = []
        self._lock = threading.Lock()

    def latest(self) -> PriorFit | None:
        return self.fits[-1] if self.fits else None

    def record(self, fit: PriorFit) -> PriorFit:
        with self._lock:
            if fit.revision == len(self.fits) + 1:
                self.fits.append(fit)
        if not self.fits:
            raise IntegrityError("a fit that skips a revision was offered to an empty record")
        return self.fits[-1]

    def history(self, limit: int) -> list[PriorFit]:
        return self.fits[::-1][:limit]
