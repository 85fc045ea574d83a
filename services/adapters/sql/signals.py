"""The record of signals and their transitions in SQL (`services.core.ports.SignalRecord`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection, Engine, func, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from services.adapters.sql.engine import reading, writing
from services.adapters.sql.signal_tables import SignalRow, SignalTransitionRow
from services.adapters.wire import decode, encode
from services.core import identity
from services.core.contracts import Pair
from services.core.ports import SignalStatus
from services.core.signal_contracts import Signal, Transition

_KEYS_PER_STATEMENT = 1000


class SqlSignalRecord:
    """One transaction per batch of transitions; each takes its revision or is ignored.

    Args:
        engine: a migrated database, from `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def statuses(self, pairs: Sequence[Pair]) -> Mapping[Pair, SignalStatus]:
        """Status of those pairs that ever were a signal."""
        asked = {identity.signal_id(*pair): pair for pair in pairs}
        found: dict[Pair, SignalStatus] = {}
        query = select(SignalRow.signal_id, SignalRow.revision, SignalRow.active)
        with reading(self._engine) as connection:
            for chunk in _chunks(list(asked)):
                for signal, revision, active in connection.execute(
                    query.where(col(SignalRow.signal_id).in_(chunk))
                ):
                    found[asked[signal]] = SignalStatus(revision=revision, active=active)
        return found

    def active_pairs(self) -> list[Pair]:
        """Pairs that are an SDR now, in a fixed order."""
        query = select(SignalRow.drug, SignalRow.event).where(col(SignalRow.active))
        with reading(self._engine) as connection:
            return sorted(Pair(drug, event) for drug, event in connection.execute(query))

    def record(self, signals: Sequence[Signal]) -> list[Signal]:
        """Write transitions; one whose revision is not the next one of its signal is ignored."""
        written: set[int] = set()
        # Always in one order, so that two workers wait for each other instead of deadlocking.
        order = sorted(enumerate(signals), key=lambda item: (item[1].signal_id, item[1].revision))
        with writing(self._engine) as connection:
            for index, signal in order:
                if _take_revision(connection, signal):
                    connection.execute(insert(SignalTransitionRow), _row(signal))
                    written.add(index)
        return [signal for index, signal in enumerate(signals) if index in written]

    def unpublished(self, limit: int) -> list[Signal]:
        """At most `limit` transitions that the topic has not acknowledged, oldest first."""
        query = (
            select(SignalTransitionRow.snapshot)
            .where(col(SignalTransitionRow.published_at).is_(None))
            .order_by(
                col(SignalTransitionRow.occurred_at),
                col(SignalTransitionRow.signal_id),
                col(SignalTransitionRow.revision),
            )
            .limit(limit)
        )
        with reading(self._engine) as connection:
            snapshots = connection.execute(query).scalars().all()
        return [decode(Signal, json.dumps(snapshot).encode()) for snapshot in snapshots]

    def mark_published(self, transition_ids: Sequence[str]) -> None:
        """Take transitions out of the outbox; those that are out stay as they are."""
        with writing(self._engine) as connection:
            for chunk in _chunks(sorted(transition_ids)):
                connection.execute(
                    update(SignalTransitionRow)
                    .where(
                        col(SignalTransitionRow.transition_id).in_(chunk),
                        col(SignalTransitionRow.published_at).is_(None),
                    )
                    .values(published_at=func.current_timestamp())
                )


def _take_revision(connection: Connection, signal: Signal) -> bool:
    """Move a signal to the revision of a transition, if nobody has done so."""
    values = {
        "state": signal.state.value,
        "active": signal.transition is not Transition.SUBSIDED,
        "revision": signal.revision,
        "changed_at": signal.occurred_at,
    }
    if signal.revision > 1:
        moved = connection.execute(
            update(SignalRow)
            .where(
                col(SignalRow.signal_id) == signal.signal_id,
                col(SignalRow.revision) == signal.revision - 1,
            )
            .values(**values)
            .returning(col(SignalRow.signal_id))
        )
        return moved.first() is not None
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    created = connection.execute(
        dialect.insert(SignalRow)
        .values(
            signal_id=signal.signal_id,
            drug=signal.drug,
            event=signal.event,
            first_detected_at=signal.occurred_at,
            **values,
        )
        .on_conflict_do_nothing()
        .returning(col(SignalRow.signal_id))
    )
    return created.first() is not None


def _row(signal: Signal) -> dict[str, object]:
    return {
        "transition_id": signal.transition_id,
        "signal_id": signal.signal_id,
        "revision": signal.revision,
        "transition": signal.transition.value,
        "snapshot": json.loads(encode(signal)),
        "occurred_at": signal.occurred_at,
    }


def _chunks(keys: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(keys)
    while chunk := list(islice(remaining, _KEYS_PER_STATEMENT)):
        yield chunk
