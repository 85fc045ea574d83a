"""Counts derived from the evidence."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, distinct, func
from sqlmodel import col, select

from services.adapters.sql.tables import EvidenceRow
from services.core.contracts import Pair
from services.core.counts import CountDelta, unattributed

_ROWS_PER_FETCH = 10_000


def counts(connection: Connection) -> CountDelta:
    """All counts of the counted evidence. Copies are of the cases and pairs of their sources."""
    drug, event = col(EvidenceRow.drug), col(EvidenceRow.event)
    cases = func.count(distinct(col(EvidenceRow.case_key)))
    counted = col(EvidenceRow.counted).is_(True)
    pairs = connection.execute(
        select(drug, event, cases).where(counted).group_by(drug, event)
    ).all()
    drugs = connection.execute(select(drug, cases).where(counted).group_by(drug)).all()
    events = connection.execute(select(event, cases).where(counted).group_by(event)).all()
    total = connection.execute(select(cases).where(counted)).scalar_one()
    return CountDelta(
        pairs={Pair(d, e): number for d, e, number in pairs},
        drugs={row[0]: row[1] for row in drugs},
        events={row[0]: row[1] for row in events},
        unattributed=_unattributed(connection),
        total=total,
    )


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
