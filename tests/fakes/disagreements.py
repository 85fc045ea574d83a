"""How candidates disagree, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.core.disagreement import Beside, Disagreement, DisagreementRecord
from tests.fakes.faults import Faults


class MemoryDisagreements(DisagreementRecord):
    """Adds up."""

    def __init__(self, *, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._found: dict[Beside, Disagreement] = {}

    def add(self, found: Mapping[Beside, Disagreement], *, at: datetime) -> None:
        self.faults.at("disagreements.add")
        for beside, counts in found.items():
            self._found[beside] = self._found.get(beside, Disagreement()) + counts

    def totals(self) -> dict[Beside, Disagreement]:
        return dict(sorted(self._found.items(), key=str))
