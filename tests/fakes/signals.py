"""Transitions of signals for tests."""

from __future__ import annotations

from datetime import timedelta

from services.core.contracts import Pair, Table
from services.core.signal_contracts import Measure, MeasureFlag, Signal, SignalState, Transition
from tests.fakes.clock import START
from tests.fakes.extractions import RASH, VERSIONS


def signal(
    pair: Pair = RASH,
    revision: int = 1,
    transition: Transition = Transition.DETECTED,
    *,
    minutes: int = 0,
) -> Signal:
    """A transition `minutes` after the start of the clock."""
    return Signal(
        drug=pair.drug,
        event=pair.event,
        revision=revision,
        transition=transition,
        state=SignalState.DETECTED,
        rule="evans",
        counts=Table(4, 10, 4, 100),
        measures=(
            Measure(name="prr", estimate=None, flag=MeasureFlag.INFINITE),
            Measure(name="ic", estimate=2.0, lower=0.5, upper=3.25),
        ),
        ledger_sequence=7,
        versions=(VERSIONS,),
        occurred_at=START + timedelta(minutes=minutes),
    )
