"""What standing evidence was called before recounts under another vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Table, func, select

from services.adapters.sql.engine import reading
from services.adapters.sql.rows import pair_key
from services.adapters.sql.tables import EvidenceRow, FormerConceptRow, RemappingRow
from services.core.contracts import Coding, Named, Pair

_EVIDENCE: Table = EvidenceRow.__table__  # type: ignore[attr-defined]
_FORMER: Table = FormerConceptRow.__table__  # type: ignore[attr-defined]
_REMAPPING: Table = RemappingRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerName:
    """What relations were called until a recount, by name or by code.

    Attributes:
        remapping: number of the recount, counted from 1.
        until: when it was.
        vocabulary: version of the vocabulary before it.
        drug: name and coding before it; `event` likewise. Where nobody kept the version of a code
            it is "", and the score 0.
        relations: how many were called so.
    """

    remapping: int
    until: datetime
    vocabulary: str
    drug: Named
    event: Named
    relations: int


def former_names(engine: Engine, pair: Pair) -> list[FormerName]:
    """What the standing evidence of a pair was called before, the earliest recount first.

    Raises:
        DependencyUnavailable: the database did not answer.
    """
    called = [
        column for column in _FORMER.columns if column.name not in ("note_key", "position")
    ] + [_REMAPPING.c.remapped_at]
    query = (
        select(*called, func.count().label("relations"))
        .select_from(_FORMER)
        .join(_REMAPPING, _REMAPPING.c.remapping_id == _FORMER.c.remapping_id)
        .join(
            _EVIDENCE,
            (_EVIDENCE.c.note_key == _FORMER.c.note_key)
            & (_EVIDENCE.c.position == _FORMER.c.position),
        )
        .where(_EVIDENCE.c.pair_key == pair_key(pair))
        .group_by(*called)
    )
    with reading(engine) as connection:
        found = [_former_name(row._asdict()) for row in connection.execute(query)]
    # Sorted here: databases differ in collation.
    return sorted(found, key=lambda one: (one.remapping, repr(one.drug), repr(one.event)))


def _former_name(row: Mapping[str, Any]) -> FormerName:
    return FormerName(
        remapping=row["remapping_id"],
        until=row["remapped_at"],
        vocabulary=row["vocabulary_version"],
        drug=_named(row, "drug"),
        event=_named(row, "event"),
        relations=row["relations"],
    )


def _named(row: Mapping[str, Any], side: str) -> Named:
    system, code = row[f"{side}_system"], row[f"{side}_code"]
    version, score = row[f"{side}_code_version"], row[f"{side}_score"]
    if system is None or code is None:
        return Named(row[side], None)
    return Named(row[side], Coding(system, code, version or "", score or 0.0))
