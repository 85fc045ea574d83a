"""The ledger of every change of the counts, in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, update
from sqlmodel import col, select

from services.adapters.sql.rows import delta_from_json, delta_to_json
from services.adapters.sql.tables import LedgerEntryRow, LedgerHeadRow
from services.core.counting_ports import LedgerEntry
from services.core.counts import CountDelta
from services.core.errors import IntegrityError


def head(connection: Connection, *, lock: bool = False) -> LedgerHeadRow:
    """The one row that says where the ledger is; with `lock`, until the transaction ends.

    Raises:
        IntegrityError: the record was never migrated.
    """
    columns = (LedgerHeadRow.ledger_id, LedgerHeadRow.sequence, LedgerHeadRow.published)
    query = select(*columns)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise IntegrityError("the record has no ledger: apply the migrations")
    return LedgerHeadRow(
        singleton=1, ledger_id=row.ledger_id, sequence=row.sequence, published=row.published
    )


def append(connection: Connection, sequence: int, delta: CountDelta, *, at: datetime) -> None:
    """Write the next entry; the caller holds the lock of the head."""
    connection.execute(
        insert(LedgerEntryRow).values(sequence=sequence, delta=delta_to_json(delta), recorded_at=at)
    )
    connection.execute(update(LedgerHeadRow).values(sequence=sequence))


def entries(connection: Connection, after: int, limit: int) -> list[LedgerEntry]:
    """At most `limit` entries with a greater sequence, in order."""
    query = (
        select(LedgerEntryRow.sequence, LedgerEntryRow.delta, LedgerEntryRow.recorded_at)
        .where(col(LedgerEntryRow.sequence) > after)
        .order_by(col(LedgerEntryRow.sequence))
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return [LedgerEntry(sequence, delta_from_json(delta), at) for sequence, delta, at in rows]


def mark_published(connection: Connection, sequence: int) -> None:
    """Advance `published`; never moves back."""
    connection.execute(
        update(LedgerHeadRow)
        .where(col(LedgerHeadRow.published) < sequence)
        .values(published=sequence)
    )
