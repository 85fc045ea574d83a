"""The cases behind the counts, read from the record (`services.core.statistics_ports.CaseBook`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Engine, Row, case, func, select
from sqlmodel import col

from services.adapters.sql.engine import reading
from services.adapters.sql.rows import pair_key
from services.adapters.sql.settling import chunks
from services.adapters.sql.tables import EvidenceRow, NoteRow
from services.core.contracts import Assertion, Pair, Sex
from services.core.statistics_ports import Case, PairCase

_ROWS_PER_FETCH = 10_000
_IS_HISTORY = col(EvidenceRow.assertion) == Assertion.HISTORICAL.value


class SqlCaseBook:
    """Streams counted evidence in the order of cases and time.

    Args:
        engine: a migrated database, from `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def cases(self) -> Iterator[Case]:
        """Every case of the universe, by key; the snapshot is held until the last one is read."""
        query = (
            select(
                col(EvidenceRow.case_key),
                col(EvidenceRow.drug),
                col(EvidenceRow.event),
                col(EvidenceRow.written_at),
                col(NoteRow.sex),
                col(NoteRow.age_years),
            )
            .join(NoteRow, col(NoteRow.note_key) == col(EvidenceRow.note_key))
            .where(col(EvidenceRow.counted).is_(True))
            # The key of the note decides between notes of one moment, on every database alike.
            .order_by(
                col(EvidenceRow.case_key), col(EvidenceRow.written_at), col(EvidenceRow.note_key)
            )
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query, execution_options={"yield_per": _ROWS_PER_FETCH})
            for key, lines in groupby(rows, key=attrgetter("case_key")):
                yield _case(key, lines)

    def pair_cases(self, pair: Pair) -> list[PairCase]:
        """The cases of a pair, by key. A copy is no source, no text and no item of its case."""
        query = (
            select(
                col(EvidenceRow.case_key),
                col(EvidenceRow.written_at),
                col(EvidenceRow.evidence_text),
                col(NoteRow.source),
                col(NoteRow.sex),
                col(NoteRow.age_years),
                col(NoteRow.note_type),
            )
            .join(NoteRow, col(NoteRow.note_key) == col(EvidenceRow.note_key))
            .where(
                col(EvidenceRow.pair_key) == pair_key(pair),
                col(EvidenceRow.counted).is_(True),
                col(EvidenceRow.copy_of_note).is_(None),
            )
            .order_by(
                col(EvidenceRow.case_key),
                col(EvidenceRow.written_at),
                col(EvidenceRow.note_key),
                col(EvidenceRow.position),
            )
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [_pair_case(key, lines) for key, lines in groupby(rows, attrgetter("case_key"))]

    def historical_only(self, pairs: Sequence[Pair]) -> dict[Pair, int]:
        """Cases of each pair that rest on history alone; one statement per thousand pairs."""
        by_key = {pair_key(pair): pair for pair in pairs}
        found = dict.fromkeys(pairs, 0)
        case_key, of_pair = col(EvidenceRow.case_key), col(EvidenceRow.pair_key)
        with reading(self._engine) as connection:
            for keys in chunks(by_key):
                cases = (
                    select(of_pair, case_key)
                    .where(
                        of_pair.in_(keys),
                        col(EvidenceRow.counted).is_(True),
                        col(EvidenceRow.copy_of_note).is_(None),
                    )
                    .group_by(of_pair, case_key)
                    .having(func.count() == func.count(case((_IS_HISTORY, 1))))
                    .subquery()
                )
                query = select(cases.c.pair_key, func.count()).group_by(cases.c.pair_key)
                found |= {by_key[key]: n for key, n in connection.execute(query)}
        return found


def _case(key: str, lines: Iterable[Row[*tuple[Any, ...]]]) -> Case:
    first, *others = lines
    pairs: dict[Pair, datetime] = {}
    for line in [first, *others]:
        pairs.setdefault(Pair(line.drug, line.event), line.written_at)
    return Case(key=key, sex=Sex(first.sex), age_years=first.age_years, pairs=pairs)


def _pair_case(key: str, lines: Iterable[Row[*tuple[Any, ...]]]) -> PairCase:
    of_case = list(lines)
    return PairCase(
        key=key,
        first_at=of_case[0].written_at,
        sources=frozenset(line.source for line in of_case),
        sex=any(line.sex != Sex.UNKNOWN for line in of_case),
        age_years=any(line.age_years is not None for line in of_case),
        note_type=any(line.note_type is not None for line in of_case),
        texts=tuple(dict.fromkeys(line.evidence_text for line in of_case)),
    )
