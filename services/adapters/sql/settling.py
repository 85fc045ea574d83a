"""Counted evidence as statements, and what `services.core.settlement` decides of them as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, or_, select, update
from sqlmodel import col

from services.adapters.sql.rows import Row
from services.adapters.sql.tables import EvidenceRow
from services.core.contracts import Assertion, Pair
from services.core.copies import Place
from services.core.settlement import Moment, Statement, Verdict, Verdicts, pairs_of, settle

KEYS_PER_STATEMENT = 1000

_EVIDENCE: Table = EvidenceRow.__table__  # type: ignore[attr-defined]

Since = Mapping[str, Moment | None]
"""Patients, and the moment from which what is known of them changed; None for all of it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A counted relation of the record, and the verdict on it so far."""

    person_key: str
    statement: Statement
    verdict: Verdict

    @property
    def place(self) -> Place:
        """Of the relation."""
        return self.statement.place


def load(connection: Connection, since: Since) -> list[Standing]:
    """What settling these patients needs: every original, and of the copies those written since.

    With patients of several moments, copies from the earliest one on are read of all of them.
    """
    moments = [moment for moment in since.values() if moment is not None]
    needed: list[ColumnElement[bool]] = [col(EvidenceRow.counted).is_(True)]
    if moments and len(moments) == len(since):
        earliest = min(moments)[0]
        original = col(EvidenceRow.copy_of_note).is_(None)
        needed.append(or_(original, col(EvidenceRow.written_at) >= earliest))
    found: list[Standing] = []
    for chunk in chunks(since):
        query = select(
            col(EvidenceRow.note_key),
            col(EvidenceRow.position),
            col(EvidenceRow.person_key),
            col(EvidenceRow.case_key),
            col(EvidenceRow.copy_of_note),
            col(EvidenceRow.copy_of_position),
            col(EvidenceRow.drug),
            col(EvidenceRow.event),
            col(EvidenceRow.assertion),
            col(EvidenceRow.written_at),
            col(EvidenceRow.evidence_text),
        ).where(col(EvidenceRow.person_key).in_(chunk), *needed)
        found += [standing(row._asdict()) for row in connection.execute(query)]
    return found


def standing(row: Mapping[str, Any]) -> Standing:
    """A row of the evidence as it stands."""
    source = row["copy_of_note"]
    return Standing(
        row["person_key"],
        Statement(
            place=Place(row["note_key"], row["position"]),
            pair=Pair(row["drug"], row["event"]),
            assertion=Assertion(row["assertion"]),
            written_at=row["written_at"],
            text=row["evidence_text"],
        ),
        Verdict(
            row["case_key"],
            None if source is None else Place(source, row["copy_of_position"]),
        ),
    )


def decide(
    evidence: Sequence[Standing], since: Since, *, gap: timedelta | None
) -> dict[Place, Verdict]:
    """The verdict on everything of the evidence, the patients settled anew since their moments."""
    of_person: defaultdict[str, list[Statement]] = defaultdict(list)
    for one in evidence:
        of_person[one.person_key].append(one.statement)
    verdicts = {one.place: one.verdict for one in evidence}
    for person_key, statements in of_person.items():
        verdicts.update(
            settle(person_key, statements, gap=gap, since=since[person_key], settled=verdicts)
        )
    return verdicts


def cases(evidence: Iterable[Standing]) -> dict[str, set[Pair]]:
    """The pairs of each case as the evidence stands."""
    known = list(evidence)
    return pairs_of([one.statement for one in known], {one.place: one.verdict for one in known})


def cells(verdict: Verdict) -> Row:
    """The columns of a verdict."""
    source = verdict.copy_of
    return {
        "case_key": verdict.case_key,
        "copy_of_note": None if source is None else source.note_key,
        "copy_of_position": None if source is None else source.position,
    }


def write(connection: Connection, evidence: Iterable[Standing], verdicts: Verdicts) -> int:
    """Write the verdicts on recorded relations that differ; how many did."""
    changed = {
        one.place: verdicts[one.place] for one in evidence if verdicts[one.place] != one.verdict
    }
    if changed:
        connection.execute(
            update(_EVIDENCE).where(
                _EVIDENCE.c.note_key == bindparam("at_note"),
                _EVIDENCE.c.position == bindparam("at_position"),
            ),
            [
                {"at_note": place.note_key, "at_position": place.position, **cells(verdict)}
                for place, verdict in changed.items()
            ],
        )
    return len(changed)


def settle_all(
    connection: Connection, evidence: Sequence[Standing], *, gap: timedelta | None
) -> tuple[int, dict[str, set[Pair]]]:
    """Settle patients of whom all counted evidence is given.

    Returns:
        How many verdicts are new, and the pairs of each case after it.
    """
    since: Since = dict.fromkeys(one.person_key for one in evidence)
    verdicts = decide(evidence, since, gap=gap)
    changed = write(connection, evidence, verdicts)
    return changed, pairs_of([one.statement for one in evidence], verdicts)


def persons_after(connection: Connection, last: str) -> list[str]:
    """The next patients with counted evidence, in order; empty after the last one."""
    query = (
        select(col(EvidenceRow.person_key))
        .where(col(EvidenceRow.person_key) > last, col(EvidenceRow.counted).is_(True))
        .distinct()
        .order_by(col(EvidenceRow.person_key))
        .limit(KEYS_PER_STATEMENT)
    )
    return list(connection.execute(query).scalars())


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys in order, as many at a time as a statement may name."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), KEYS_PER_STATEMENT):
        yield ordered[start : start + KEYS_PER_STATEMENT]
