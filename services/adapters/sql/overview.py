"""What the record holds, for people who look at it: numbers, and signals with their snapshots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, ScalarSelect, Table, func, select

from services.adapters.sql.delivery_tables import DeliveryRow
from services.adapters.sql.engine import reading
from services.adapters.sql.signal_tables import SignalRow, SignalTransitionRow
from services.adapters.sql.tables import EvidenceRow, LedgerHeadRow, NoteRow
from services.adapters.wire import decode
from services.core import identity
from services.core.contracts import Pair
from services.core.signal_contracts import Signal

_NOTE: Table = NoteRow.__table__  # type: ignore[attr-defined]
_EVIDENCE: Table = EvidenceRow.__table__  # type: ignore[attr-defined]
_LEDGER: Table = LedgerHeadRow.__table__  # type: ignore[attr-defined]
_SIGNAL: Table = SignalRow.__table__  # type: ignore[attr-defined]
_TRANSITION: Table = SignalTransitionRow.__table__  # type: ignore[attr-defined]
_DELIVERY: Table = DeliveryRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Overview:
    """Numbers of the record at one moment.

    Attributes:
        notes: documents, whatever their number of versions; retracted ones included.
        relations: relations of their current versions.
        counted: those of them that count.
        cases: the universe n.. of the counts.
        signals: signals that are an SDR now.
        deliveries: webhooks per state.
        unpublished: ledger entries and transitions still to be announced.
    """

    notes: int
    relations: int
    counted: int
    cases: int
    signals: int
    deliveries: Mapping[str, int]
    unpublished: int


def overview(engine: Engine) -> Overview:
    """Read the numbers in one snapshot.

    Raises:
        DependencyUnavailable: the database did not answer.
    """
    evidence, transition = _EVIDENCE.c, _TRANSITION.c
    numbers = select(
        _number(_NOTE),
        _number(_EVIDENCE),
        select(func.count()).select_from(_EVIDENCE).where(evidence.counted).scalar_subquery(),
        select(func.count(evidence.case_key.distinct())).where(evidence.counted).scalar_subquery(),
        select(func.count()).select_from(_SIGNAL).where(_SIGNAL.c.active).scalar_subquery(),
        select(func.coalesce(func.sum(_LEDGER.c.sequence - _LEDGER.c.published), 0))
        .scalar_subquery(),
        select(func.count())
        .select_from(_TRANSITION)
        .where(transition.published_at.is_(None))
        .scalar_subquery(),
    )  # fmt: skip
    states = select(_DELIVERY.c.state, func.count()).group_by(_DELIVERY.c.state)
    with reading(engine) as connection:
        notes, relations, counted, cases, signals, entries, transitions = connection.execute(
            numbers
        ).one()
        deliveries = {str(state): int(number) for state, number in connection.execute(states)}
    return Overview(
        notes=notes,
        relations=relations,
        counted=counted,
        cases=cases,
        signals=signals,
        deliveries=deliveries,
        unpublished=int(entries) + transitions,
    )


def latest_signals(engine: Engine, *, active_only: bool = True) -> list[Signal]:
    """The last transition of each signal, those with most cases first.

    Raises:
        DependencyUnavailable: the database did not answer.
    """
    signal, transition = _SIGNAL.c, _TRANSITION.c
    query = select(transition.snapshot).join(
        _SIGNAL,
        (signal.signal_id == transition.signal_id) & (signal.revision == transition.revision),
    )
    if active_only:
        query = query.where(signal.active)
    with reading(engine) as connection:
        snapshots = connection.execute(query).scalars().all()
    found = [decode(Signal, json.dumps(snapshot).encode()) for snapshot in snapshots]
    return sorted(found, key=lambda one: (-one.counts.n11, one.drug, one.event))


def transitions_of(engine: Engine, pair: Pair) -> list[Signal]:
    """All transitions of the signal of a pair, the first one first; none if it never was one.

    Raises:
        DependencyUnavailable: the database did not answer.
    """
    transition = _TRANSITION.c
    query = (
        select(transition.snapshot)
        .where(transition.signal_id == identity.signal_id(*pair))
        .order_by(transition.revision)
    )
    with reading(engine) as connection:
        snapshots = connection.execute(query).scalars().all()
    return [decode(Signal, json.dumps(snapshot).encode()) for snapshot in snapshots]


def _number(table: Table) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).scalar_subquery()
