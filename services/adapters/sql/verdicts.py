"""What reviewers said of evidence, in the record (`services.core.verdicts`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select
from sqlmodel import col

from services.adapters.sql.base import storable
from services.adapters.sql.engine import reading, writing
from services.adapters.sql.review_tables import VerdictRow
from services.adapters.sql.rows import pair_key
from services.adapters.sql.tables import EvidenceRow, LedgerHeadRow
from services.core.contracts import Assertion, Pair
from services.core.copies import Place
from services.core.ports import Clock
from services.core.spans import Span
from services.core.verdicts import EvidenceItem, Judgement, Verdict

_NOTES_PER_STATEMENT = 500

_EVIDENCE = (
    col(EvidenceRow.note_key),
    col(EvidenceRow.position),
    col(EvidenceRow.drug_start),
    col(EvidenceRow.drug_end),
    col(EvidenceRow.event_start),
    col(EvidenceRow.event_end),
    col(EvidenceRow.evidence_start),
    col(EvidenceRow.evidence_end),
    col(EvidenceRow.assertion),
    col(EvidenceRow.evidence_text),
    col(EvidenceRow.section),
    col(EvidenceRow.copy_of_note),
    col(EvidenceRow.copy_of_position),
)
_ORDER = (col(EvidenceRow.note_key), col(EvidenceRow.position))


class SqlVerdicts:
    """Verdicts are only added.

    Args:
        engine: a migrated database, from `make_engine`.
        clock: for the time of a verdict.
    """

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def evidence(self, pair: Pair) -> list[EvidenceItem]:
        """The standing evidence of a pair, by note and place in it."""
        query = select(*_EVIDENCE).where(col(EvidenceRow.pair_key) == pair_key(pair))
        with reading(self._engine) as connection:
            return [_item(row) for row in connection.execute(query.order_by(*_ORDER))]

    def judge(
        self,
        note_key: str,
        evidence_key: str,
        judgement: Judgement,
        *,
        by: str,
        status: Assertion | None = None,
    ) -> Verdict | None:
        """Add the next revision; None if no standing note has this evidence."""
        with writing(self._engine) as connection:
            # Whoever judges or replaces the note at the same time waits.
            connection.execute(select(col(LedgerHeadRow.sequence)).with_for_update())
            items = _of_notes(connection, [note_key])
            if all(item.key != evidence_key for item in items):
                return None
            last = connection.execute(
                select(func.max(col(VerdictRow.revision))).where(
                    col(VerdictRow.evidence_key) == evidence_key
                )
            ).scalar_one()
            verdict = Verdict(
                evidence_key=evidence_key,
                note_key=note_key,
                revision=(last or 0) + 1,
                judgement=judgement,
                status=status,
                by=storable(by),
                at=self._clock.now(),
            )
            connection.execute(
                insert(VerdictRow).values(
                    evidence_key=verdict.evidence_key,
                    revision=verdict.revision,
                    note_key=verdict.note_key,
                    judgement=judgement.value,
                    status=None if status is None else status.value,
                    judged_by=verdict.by,
                    judged_at=verdict.at,
                )
            )
        return verdict

    def verdicts(self) -> list[Verdict]:
        """All of them, by time."""
        with reading(self._engine) as connection:
            return _verdicts(connection)

    def judged(self) -> Iterator[tuple[EvidenceItem, Verdict]]:
        """Standing evidence with the last verdict on it; the snapshot is held until the end."""
        with reading(self._engine) as connection:
            last: dict[str, Verdict] = {}
            for verdict in _verdicts(connection):
                known = last.get(verdict.evidence_key)
                if known is None or known.revision < verdict.revision:
                    last[verdict.evidence_key] = verdict
            notes = iter(sorted({verdict.note_key for verdict in last.values()}))
            while chunk := list(islice(notes, _NOTES_PER_STATEMENT)):
                for item in _of_notes(connection, chunk):
                    # Of the same places twice in one reading one is enough.
                    verdict_on = last.pop(item.key, None)
                    if verdict_on is not None:
                        yield item, verdict_on


def _of_notes(connection: Connection, note_keys: Iterable[str]) -> list[EvidenceItem]:
    query = select(*_EVIDENCE).where(col(EvidenceRow.note_key).in_(list(note_keys)))
    return [_item(row) for row in connection.execute(query.order_by(*_ORDER))]


def _verdicts(connection: Connection) -> list[Verdict]:
    query = select(
        col(VerdictRow.evidence_key),
        col(VerdictRow.note_key),
        col(VerdictRow.revision),
        col(VerdictRow.judgement),
        col(VerdictRow.status),
        col(VerdictRow.judged_by),
        col(VerdictRow.judged_at),
    )
    found = [
        Verdict(
            evidence_key=row.evidence_key,
            note_key=row.note_key,
            revision=row.revision,
            judgement=Judgement(row.judgement),
            status=None if row.status is None else Assertion(row.status),
            by=row.judged_by,
            at=row.judged_at,
        )
        for row in connection.execute(query)
    ]
    # Sorted here: databases differ in collation.
    return sorted(found, key=lambda one: (one.at, one.evidence_key, one.revision))


def _item(row: Row[*tuple[Any, ...]]) -> EvidenceItem:
    source = row.copy_of_note
    return EvidenceItem(
        note_key=row.note_key,
        position=row.position,
        drug=Span(row.drug_start, row.drug_end),
        event=Span(row.event_start, row.event_end),
        window=Span(row.evidence_start, row.evidence_end),
        assertion=Assertion(row.assertion),
        text=row.evidence_text,
        section=row.section,
        copy_of=None if source is None else Place(source, row.copy_of_position),
    )
