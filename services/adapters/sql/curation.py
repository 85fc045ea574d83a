"""What people decided about names, and what is waiting for a decision."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, distinct, func, insert
from sqlmodel import col, select

from services.adapters.sql.base import storable
from services.adapters.sql.engine import reading, writing
from services.adapters.sql.tables import DecisionRow, EvidenceRow
from services.core.contracts import MentionType
from services.core.ports import Clock
from services.core.vocabulary.curation import Decision


@dataclass(frozen=True, slots=True)
class Unknown:
    """A counted concept that no vocabulary has, with its number of cases."""

    type: MentionType
    concept: str
    cases: int


class SqlCuration:
    """Decisions in the record, so that every worker sees the same ones."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def decisions(self) -> list[Decision]:
        """All decisions, in a fixed order."""
        query = select(DecisionRow.type, DecisionRow.surface, DecisionRow.concept)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return sorted(Decision(MentionType(kind), surface, name) for kind, surface, name in rows)

    def decide(self, decision: Decision) -> None:
        """Write a decision in the place of an earlier one on the same name."""
        with writing(self._engine) as connection:
            self._forget(decision, connection)
            connection.execute(
                insert(DecisionRow).values(
                    type=decision.type.value,
                    key=storable(decision.key),
                    surface=storable(decision.surface),
                    concept=storable(decision.concept),
                    decided_at=self._clock.now(),
                )
            )

    def forget(self, decision: Decision) -> bool:
        """Take a decision back; whether there was one."""
        with writing(self._engine) as connection:
            return self._forget(decision, connection)

    def unknown(self, limit: int) -> list[Unknown]:
        """Counted concepts without a coding, those of most cases first."""
        cases = func.count(distinct(col(EvidenceRow.case_key))).label("cases")
        found: list[Unknown] = []
        with reading(self._engine) as connection:
            for kind, name, system in (
                (MentionType.DRUG, col(EvidenceRow.drug), col(EvidenceRow.drug_system)),
                (MentionType.ADE, col(EvidenceRow.event), col(EvidenceRow.event_system)),
            ):
                query = (
                    select(name, cases)
                    .where(col(EvidenceRow.counted).is_(True), system.is_(None))
                    .group_by(name)
                    .order_by(cases.desc(), name)
                    .limit(limit)
                )
                found += [Unknown(kind, text, n) for text, n in connection.execute(query)]
        return sorted(found, key=lambda one: (-one.cases, one.type.value, one.concept))[:limit]

    @staticmethod
    def _forget(decision: Decision, connection: Connection) -> bool:
        gone = connection.execute(
            delete(DecisionRow).where(
                col(DecisionRow.type) == decision.type.value,
                col(DecisionRow.key) == storable(decision.key),
            )
        )
        return bool(gone.rowcount)
