"""How candidate models disagree, in the record (`services.core.disagreement`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Engine, func, insert, select
from sqlmodel import col

from services.adapters.sql.base import storable
from services.adapters.sql.engine import reading, writing
from services.adapters.sql.review_tables import ShadowDisagreementRow
from services.core.disagreement import NOTES, RELATIONS, Beside, Disagreement
from services.core.model_versions import VersionPair

_COUNTS = NOTES + RELATIONS
_PAIRS = ("serving_ner", "serving_relation", "candidate_ner", "candidate_relation")


class SqlDisagreements:
    """Rows are only added, so that workers never wait for each other.

    Args:
        engine: a migrated database, from `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, found: Mapping[Beside, Disagreement], *, at: datetime) -> None:
        """Add one row per pair of pairs."""
        rows = [
            {
                "entry_id": uuid4().hex,
                "serving_ner": storable(beside.serving.ner),
                "serving_relation": storable(beside.serving.relation),
                "candidate_ner": storable(beside.candidate.ner),
                "candidate_relation": storable(beside.candidate.relation),
                **{name: getattr(counts, name) for name in _COUNTS},
                "recorded_at": at,
            }
            for beside, counts in found.items()
        ]
        if rows:
            with writing(self._engine) as connection:
                connection.execute(insert(ShadowDisagreementRow), rows)

    def totals(self) -> dict[Beside, Disagreement]:
        """The sums."""
        pairs = [col(getattr(ShadowDisagreementRow, name)) for name in _PAIRS]
        sums = [func.sum(col(getattr(ShadowDisagreementRow, name))).label(name) for name in _COUNTS]
        query = select(*pairs, *sums).group_by(*pairs)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        found = {
            Beside(VersionPair(*row[:2]), VersionPair(*row[2:4])): Disagreement(
                # PostgreSQL adds whole numbers up to a numeric.
                **{name: int(value) for name, value in zip(_COUNTS, row[4:], strict=True)}
            )
            for row in rows
        }
        return dict(sorted(found.items(), key=str))
