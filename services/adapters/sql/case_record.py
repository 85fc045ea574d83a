"""The record of notes, evidence and cases in SQL (`services.core.ports.CaseRecord`)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby
from operator import itemgetter

from sqlalchemy import ColumnElement, Connection, Engine, delete, distinct, func, insert, update
from sqlmodel import col, select

from services.adapters.sql import remapping
from services.adapters.sql.engine import reading, writing
from services.adapters.sql.rows import (
    delta_from_json,
    delta_to_json,
    evidence_rows,
    note_row,
    pair_key,
)
from services.adapters.sql.tables import (
    EvidenceRow,
    FormerConceptRow,
    LedgerEntryRow,
    LedgerHeadRow,
    NoteRow,
)
from services.core.contracts import Assertion, Extraction, Pair, Versions
from services.core.counts import CountDelta, case_delta, combine, unattributed
from services.core.errors import IntegrityError
from services.core.ports import Applied, Clock, LedgerEntry, Remapped, Vocabulary

COUNTED = frozenset({Assertion.AFFIRMED, Assertion.HISTORICAL})
"""Assertions that make a relation count, unless configured otherwise."""

_KEYS_PER_STATEMENT = 1000
_ROWS_PER_FETCH = 10_000


class SqlCaseRecord:
    """One transaction per batch; writers queue on the single row of `ledger_head`.

    Because every writer holds that row until it has committed, ledger sequences have no gaps and
    become visible in order: a reader that saw entry n will never find a new one below n.

    Args:
        engine: a migrated database, from `make_engine`.
        clock: gives the time of recording.
        counted: assertions that make a relation count, for notes recorded from now on.
    """

    def __init__(
        self, engine: Engine, *, clock: Clock, counted: AbstractSet[Assertion] = COUNTED
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._counted = frozenset(counted)

    def ledger_id(self) -> str:
        """Identity of this ledger, made with the record."""
        with reading(self._engine) as connection:
            return _head(connection).ledger_id

    def head(self) -> int:
        """Sequence of the newest ledger entry, 0 if there is none."""
        with reading(self._engine) as connection:
            return _head(connection).sequence

    def published(self) -> int:
        """Sequence up to which the ledger was published."""
        with reading(self._engine) as connection:
            return _head(connection).published

    def mark_published(self, sequence: int) -> None:
        """Advance `published`; never moves back."""
        with writing(self._engine) as connection:
            connection.execute(
                update(LedgerHeadRow)
                .where(col(LedgerHeadRow.published) < sequence)
                .values(published=sequence)
            )

    def entries(self, after: int, limit: int) -> list[LedgerEntry]:
        """At most `limit` ledger entries with a greater sequence, in order."""
        query = (
            select(LedgerEntryRow.sequence, LedgerEntryRow.delta, LedgerEntryRow.recorded_at)
            .where(col(LedgerEntryRow.sequence) > after)
            .order_by(col(LedgerEntryRow.sequence))
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [LedgerEntry(sequence, delta_from_json(delta), at) for sequence, delta, at in rows]

    def apply(self, extractions: Sequence[Extraction]) -> Applied:
        """Record the winners of a batch; see the protocol. About ten statements per batch."""
        offered = _winners(extractions)
        with writing(self._engine) as connection:
            head = _head(connection, lock=True)
            stored = _stored(connection, offered)
            accepted = [
                extraction
                for key, extraction in offered.items()
                if key not in stored or stored[key][0] < extraction.precedence
            ]
            if accepted:
                delta = self._replace(connection, accepted, {case for _, case in stored.values()})
                if delta:
                    self._append(connection, head.sequence + 1, delta)
        return Applied(applied=len(accepted), ignored=len(extractions) - len(accepted))

    def remap(self, vocabulary: Vocabulary) -> Remapped:
        """Name the whole evidence anew in one transaction; see the protocol."""
        with writing(self._engine) as connection:
            head = _head(connection, lock=True)
            plan = remapping.plan(connection, vocabulary)
            before = _pairs(connection, plan.cases)
            remapping.rename(connection, plan)
            after = _pairs(connection, plan.cases)
            delta = combine(case_delta(before[case], after[case]) for case in plan.cases)
            sequence = head.sequence + 1 if delta else None
            if sequence is not None:
                self._append(connection, sequence, delta)
            remapping.note_down(connection, plan, sequence=sequence, at=self._clock.now())
        return Remapped(
            read=plan.read,
            renamed=len(plan.renamed),
            cases=sum(before[case] != after[case] for case in plan.cases),
            sequence=sequence,
        )

    def counts(self) -> tuple[int, CountDelta]:
        """All counts derived anew from the evidence, with the ledger sequence they belong to."""
        drug, event = col(EvidenceRow.drug), col(EvidenceRow.event)
        cases = func.count(distinct(col(EvidenceRow.case_key)))
        counted = col(EvidenceRow.counted).is_(True)
        with reading(self._engine) as connection:
            sequence = _head(connection).sequence
            pairs = connection.execute(
                select(drug, event, cases).where(counted).group_by(drug, event)
            ).all()
            drugs = connection.execute(select(drug, cases).where(counted).group_by(drug)).all()
            events = connection.execute(select(event, cases).where(counted).group_by(event)).all()
            total = connection.execute(select(cases).where(counted)).scalar_one()
            elsewhere = _unattributed(connection)
        return sequence, CountDelta(
            pairs={Pair(d, e): number for d, e, number in pairs},
            drugs={row[0]: row[1] for row in drugs},
            events={row[0]: row[1] for row in events},
            unattributed=elsewhere,
            total=total,
        )

    def versions_of(self, pair: Pair) -> tuple[Versions, ...]:
        """Distinct versions behind the counted evidence of a pair, in a fixed order."""
        columns = (
            col(EvidenceRow.ner_version),
            col(EvidenceRow.relation_version),
            col(EvidenceRow.rules_version),
            col(EvidenceRow.vocabulary_version),
        )
        query = (
            select(*columns)
            .where(col(EvidenceRow.pair_key) == pair_key(pair), col(EvidenceRow.counted).is_(True))
            .distinct()
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            Versions(ner=ner, relation=relation, rules=rules, vocabulary=vocabulary)
            # Sorted here: databases differ in collation.
            for ner, relation, rules, vocabulary in sorted(tuple(row) for row in rows)
        )

    def _replace(
        self, connection: Connection, accepted: Sequence[Extraction], cases_before: set[str]
    ) -> CountDelta:
        """Put the accepted extractions in the place of what their notes had."""
        recorded_at = self._clock.now()
        notes = [note_row(extraction, recorded_at=recorded_at) for extraction in accepted]
        evidence = [row for e in accepted for row in evidence_rows(e, counted=self._counted)]
        cases = cases_before | {row["case_key"] for row in notes}
        keys = [row["note_key"] for row in notes]
        before = _pairs(connection, cases)
        for chunk in _chunks(keys):
            connection.execute(
                delete(FormerConceptRow).where(col(FormerConceptRow.note_key).in_(chunk))
            )
            connection.execute(delete(EvidenceRow).where(col(EvidenceRow.note_key).in_(chunk)))
            connection.execute(delete(NoteRow).where(col(NoteRow.note_key).in_(chunk)))
        connection.execute(insert(NoteRow), notes)
        if evidence:
            connection.execute(insert(EvidenceRow), evidence)
        after = _pairs(connection, cases)
        return combine(case_delta(before[case], after[case]) for case in cases)

    def _append(self, connection: Connection, sequence: int, delta: CountDelta) -> None:
        connection.execute(
            insert(LedgerEntryRow).values(
                sequence=sequence, delta=delta_to_json(delta), recorded_at=self._clock.now()
            )
        )
        connection.execute(update(LedgerHeadRow).values(sequence=sequence))


def _winners(extractions: Sequence[Extraction]) -> dict[str, Extraction]:
    winners: dict[str, Extraction] = {}
    for extraction in extractions:
        rival = winners.get(extraction.note_key)
        if rival is None or rival.precedence < extraction.precedence:
            winners[extraction.note_key] = extraction
    return winners


def _head(connection: Connection, *, lock: bool = False) -> LedgerHeadRow:
    columns = (LedgerHeadRow.ledger_id, LedgerHeadRow.sequence, LedgerHeadRow.published)
    query = select(*columns)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise IntegrityError("the record has no ledger: apply the migrations")
    return LedgerHeadRow(
        singleton=1, ledger_id=row.ledger_id, sequence=row.sequence, published=row.published
    )


def _stored(connection: Connection, keys: Iterable[str]) -> dict[str, tuple[tuple[int, bool], str]]:
    """Precedence and case of those notes that are recorded already."""
    stored: dict[str, tuple[tuple[int, bool], str]] = {}
    for chunk in _chunks(keys):
        query = select(NoteRow.note_key, NoteRow.version, NoteRow.retracted, NoteRow.case_key)
        for key, version, retracted, case in connection.execute(
            query.where(col(NoteRow.note_key).in_(chunk))
        ):
            stored[key] = ((version, retracted), case)
    return stored


def _pairs(connection: Connection, cases: Iterable[str]) -> defaultdict[str, set[Pair]]:
    """The counted pairs of each case."""
    pairs: defaultdict[str, set[Pair]] = defaultdict(set)
    for chunk in _chunks(cases):
        of_these: ColumnElement[bool] = col(EvidenceRow.case_key).in_(chunk)
        query = (
            select(EvidenceRow.case_key, EvidenceRow.drug, EvidenceRow.event)
            .where(of_these, col(EvidenceRow.counted).is_(True))
            .distinct()
        )
        for case, drug, event in connection.execute(query):
            pairs[case].add(Pair(drug, event))
    return pairs


def _unattributed(connection: Connection) -> Counter[Pair]:
    """Cases per combination of drug and event that is not a pair of theirs.

    Reads, case by case, only cases of several drugs and several events: others have none.
    """
    case, drug, event = col(EvidenceRow.case_key), col(EvidenceRow.drug), col(EvidenceRow.event)
    counted = col(EvidenceRow.counted).is_(True)
    several = (
        select(case)
        .where(counted)
        .group_by(case)
        .having(func.count(distinct(drug)) > 1, func.count(distinct(event)) > 1)
    )
    query = select(case, drug, event).where(counted, case.in_(several)).distinct().order_by(case)
    rows = connection.execute(query, execution_options={"yield_per": _ROWS_PER_FETCH})
    found: Counter[Pair] = Counter()
    for _, of_case in groupby(rows, key=itemgetter(0)):
        found.update(unattributed({Pair(drug, event) for _, drug, event in of_case}))
    return found


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), _KEYS_PER_STATEMENT):
        yield ordered[start : start + _KEYS_PER_STATEMENT]
