"""Pseudonyms that are one patient, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlmodel import col

from services.adapters.sql.base import storable
from services.adapters.sql.person_tables import PatientAliasRow, PatientMergeRow
from services.adapters.sql.settling import chunks
from services.adapters.sql.tables import EvidenceRow
from services.core import identity
from services.core.contracts import PatientMerge
from services.core.persons import joined

_EVIDENCE: Table = EvidenceRow.__table__  # type: ignore[attr-defined]


def persons(connection: Connection, patients: Iterable[str]) -> dict[str, str]:
    """The person of each identity: itself, unless merges say otherwise."""
    wanted = set(patients)
    found = {patient: patient for patient in wanted}
    for chunk in chunks(wanted):
        query = select(col(PatientAliasRow.patient), col(PatientAliasRow.person_key))
        rows = connection.execute(query.where(col(PatientAliasRow.patient).in_(chunk)))
        found |= {row.patient: row.person_key for row in rows}
    return found


def unknown(connection: Connection, merges: Sequence[PatientMerge]) -> list[PatientMerge]:
    """Those merges that are not recorded yet, each once."""
    offered = {merge.merge_id: merge for merge in merges}
    for chunk in chunks(list(offered)):
        query = select(col(PatientMergeRow.merge_id)).where(
            col(PatientMergeRow.merge_id).in_(chunk)
        )
        for (merge_id,) in connection.execute(query):
            del offered[merge_id]
    return list(offered.values())


def join(connection: Connection, merges: Sequence[PatientMerge], *, at: datetime) -> dict[str, str]:
    """Record merges that are not recorded yet.

    Returns:
        The new person of every person that is another one now.
    """
    connection.execute(insert(PatientMergeRow), [_row(merge, at) for merge in merges])
    links = [
        (identity.case_key(merge.retired), identity.case_key(merge.surviving)) for merge in merges
    ]
    known = _members(connection, persons(connection, {one for link in links for one in link}))
    after = joined(known, links)
    moved = {one: person for one, person in after.items() if known.get(one) != person}
    for chunk in chunks(moved):
        connection.execute(delete(PatientAliasRow).where(col(PatientAliasRow.patient).in_(chunk)))
    if moved:
        connection.execute(
            insert(PatientAliasRow),
            [{"patient": one, "person_key": person} for one, person in moved.items()],
        )
    before = {one: known.get(one, one) for one in after}
    return {before[one]: person for one, person in after.items() if before[one] != person}


def move(connection: Connection, moved: Mapping[str, str]) -> None:
    """Give the evidence of persons to others, as one case each until it is settled."""
    connection.execute(
        update(_EVIDENCE)
        .where(_EVIDENCE.c.person_key == bindparam("old"))
        .values(person_key=bindparam("new"), case_key=bindparam("new")),
        [{"old": old, "new": new} for old, new in moved.items()],
    )


def _members(connection: Connection, of: Mapping[str, str]) -> dict[str, str]:
    """Every identity of these persons that a merge named, with its person."""
    known: dict[str, str] = {}
    for chunk in chunks(set(of.values())):
        query = select(col(PatientAliasRow.patient), col(PatientAliasRow.person_key))
        rows = connection.execute(query.where(col(PatientAliasRow.person_key).in_(chunk)))
        known |= {row.patient: row.person_key for row in rows}
    return known


def _row(merge: PatientMerge, at: datetime) -> dict[str, object]:
    return {
        "merge_id": merge.merge_id,
        "source": storable(merge.source),
        "surviving": storable(merge.surviving),
        "retired": storable(merge.retired),
        "occurred_at": merge.occurred_at,
        "recorded_at": at,
    }
