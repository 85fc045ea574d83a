"""Naming the evidence anew: what changes, and what it was called before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlmodel import col

from services.adapters.sql.base import storable
from services.adapters.sql.rows import Row, coding_cells, pair_key
from services.adapters.sql.tables import EvidenceRow, FormerConceptRow, RemappingRow
from services.core.contracts import MentionType, Named, Pair
from services.core.ports import Vocabulary
from services.core.vocabulary import naming

# Few: names that are looked for by likeness take long, and PostgreSQL ends a transaction in which
# nothing is asked for as long as a statement may take.
_ROWS_PER_FETCH = 500
_SIDES = (("drug", MentionType.DRUG), ("event", MentionType.ADE))
_KEPT = ("note_key", "position", "vocabulary_version",
         "drug", "drug_system", "drug_code", "drug_code_version", "drug_score",
         "event", "event_system", "event_code", "event_code_version", "event_score")  # fmt: skip


@dataclass(slots=True)
class Plan:
    """What a recount changes.

    Attributes:
        vocabulary_version: of the vocabulary it names with.
        remapping_id: number of this recount.
        read: rows of evidence read.
        recoded: the new columns of rows whose concept or coding differs, with their key.
        former: the concepts and codings that these rows had.
        renamed: how many of them are of another pair now.
        persons: the patients of those.
        restamped: rows whose vocabulary had another version, recoded or not.
    """

    vocabulary_version: str
    remapping_id: int
    read: int = 0
    recoded: list[Row] = field(default_factory=list)
    former: list[Row] = field(default_factory=list)
    renamed: int = 0
    persons: set[str] = field(default_factory=set)
    restamped: int = 0


def plan(connection: Connection, vocabulary: Vocabulary) -> Plan:
    """Compare the whole evidence with what the vocabulary says."""
    last = connection.execute(select(func.max(col(RemappingRow.remapping_id)))).scalar_one()
    found = Plan(storable(vocabulary.version), (last or 0) + 1)
    names: dict[tuple[MentionType, str, str], Named] = {}
    rows = connection.execute(
        select(EvidenceRow.__table__),  # type: ignore[attr-defined]
        execution_options={"yield_per": _ROWS_PER_FETCH},
    )
    for row in rows.mappings():
        found.read += 1
        found.restamped += row["vocabulary_version"] != found.vocabulary_version
        new: Row = {}
        for side, kind in _SIDES:
            read = (kind, row[f"{side}_text"], row[f"{side}_expansion"])
            if read not in names:
                names[read] = naming.named(vocabulary, *read)
            named = names[read]
            # A surface of signs alone has no name; it was recorded by another rule and stays.
            new[side] = storable(named.concept) or row[side]
            new |= coding_cells(side, named.coding)
        if any(row[name] != value for name, value in new.items()):
            _note_change(found, dict(row), new)
    return found


def rename(connection: Connection, plan: Plan) -> None:
    """Write the new names, and the version of the vocabulary on every row."""
    table = EvidenceRow.__table__  # type: ignore[attr-defined]
    if plan.recoded:
        connection.execute(
            update(table).where(
                table.c.note_key == bindparam("at_note"),
                table.c.position == bindparam("at_position"),
            ),
            plan.recoded,
        )
    connection.execute(
        update(table)
        .where(table.c.vocabulary_version != plan.vocabulary_version)
        .values(vocabulary_version=plan.vocabulary_version)
    )


def note_down(connection: Connection, plan: Plan, *, sequence: int | None, at: datetime) -> None:
    """Keep that the recount was, and the names and codings that it replaced."""
    if not plan.recoded and not plan.restamped:
        return
    connection.execute(
        insert(RemappingRow).values(
            remapping_id=plan.remapping_id,
            vocabulary_version=plan.vocabulary_version,
            renamed=plan.renamed,
            ledger_sequence=sequence,
            remapped_at=at,
        )
    )
    if plan.former:
        connection.execute(insert(FormerConceptRow), plan.former)


def _note_change(found: Plan, row: Row, new: Row) -> None:
    pair = Pair(new["drug"], new["event"])
    found.recoded.append(
        {
            "at_note": row["note_key"],
            "at_position": row["position"],
            "pair_key": pair_key(pair),
            **new,
        }
    )
    found.former.append({name: row[name] for name in _KEPT} | {"remapping_id": found.remapping_id})
    if pair != Pair(row["drug"], row["event"]):
        found.renamed += 1
        found.persons.add(row["person_key"])
