"""The hot counts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from services.core.contracts import Pair, Table
from services.core.counting_ports import HotCounts, LedgerEntry
from services.core.counts import CountDelta, combine
from services.core.errors import DependencyUnavailable, IntegrityError, LedgerGap, LedgerMismatch
from tests.fakes.faults import Faults


class MemoryHotCounts(HotCounts):
    """One tuple, (ledger id, sequence, counts), replaced at once; None until there are counts."""

    def __init__(self, *, faults: Faults | None = None) -> None:
        self.state: tuple[str, int, CountDelta] | None = None
        self.faults = faults or Faults()

    async def applied(self, ledger_id: str) -> int | None:
        if self.state is None:
            return None
        self._check(ledger_id)
        return self.state[1]

    async def apply(self, ledger_id: str, entries: Sequence[LedgerEntry]) -> int:
        self.faults.at("counts.apply")
        if self.state is None:
            raise LedgerGap("no counts")
        self._check(ledger_id)
        _, sequence, counts = self.state
        for entry in entries:
            if entry.sequence > sequence + 1:
                raise LedgerGap(str(sequence))
            if entry.sequence == sequence + 1:
                sequence, counts = entry.sequence, combine([counts, entry.delta])
        kinds = (counts.pairs, counts.drugs, counts.events, counts.unattributed)
        if min([counts.total, *chain.from_iterable(kind.values() for kind in kinds)]) < 0:
            raise IntegrityError("negative")
        self.state = (ledger_id, sequence, counts)
        self.faults.at("counts.apply:done")
        return sequence

    async def replace(self, ledger_id: str, sequence: int, counts: CountDelta) -> None:
        self.faults.at("counts.replace")
        self.state = (ledger_id, sequence, counts)

    async def snapshot(self) -> tuple[int, CountDelta]:
        _, sequence, counts = self._present()
        return sequence, counts

    async def tables(self, pairs: Sequence[Pair]) -> tuple[int, list[Table]]:
        _, sequence, counts = self._present()
        return sequence, [counts.table(pair) for pair in pairs]

    def _present(self) -> tuple[str, int, CountDelta]:
        if self.state is None:
            raise DependencyUnavailable("fake", "no counts")
        return self.state

    def _check(self, ledger_id: str) -> None:
        if self.state is not None and self.state[0] != ledger_id:
            raise LedgerMismatch("another ledger")
