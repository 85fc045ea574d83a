"""The record of signals in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.core.contracts import Pair
from services.core.ports import SignalRecord, SignalStatus
from services.core.signal_contracts import Signal, Transition
from tests.fakes.faults import Faults


class MemorySignalRecord(SignalRecord):
    """Transitions by pair, and the identities of those in the outbox."""

    def __init__(self, *, faults: Faults | None = None) -> None:
        self.transitions: dict[Pair, list[Signal]] = {}
        self.outbox: list[Signal] = []
        self.faults = faults or Faults()

    def statuses(self, pairs: Sequence[Pair]) -> Mapping[Pair, SignalStatus]:
        return {
            pair: SignalStatus(revision=len(past), active=_active(past[-1]))
            for pair, past in self.transitions.items()
            if pair in set(pairs)
        }

    def active_pairs(self) -> list[Pair]:
        return sorted(pair for pair, past in self.transitions.items() if _active(past[-1]))

    def record(self, signals: Sequence[Signal]) -> list[Signal]:
        self.faults.at("signals.record")
        written = []
        for signal in signals:
            past = self.transitions.get(Pair(signal.drug, signal.event), [])
            if signal.revision == len(past) + 1:
                self.transitions[Pair(signal.drug, signal.event)] = [*past, signal]
                written.append(signal)
        self.outbox += written
        self.faults.at("signals.record:done")
        return written

    def unpublished(self, limit: int) -> list[Signal]:
        ordered = sorted(self.outbox, key=lambda s: (s.occurred_at, s.signal_id, s.revision))
        return ordered[:limit]

    def mark_published(self, transition_ids: Sequence[str]) -> None:
        self.faults.at("signals.mark_published")
        self.outbox = [s for s in self.outbox if s.transition_id not in transition_ids]


def _active(signal: Signal) -> bool:
    return signal.transition is not Transition.SUBSIDED
