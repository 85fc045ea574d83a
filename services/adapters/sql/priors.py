"""The fits of EBGM's prior in SQL (`services.core.statistics_ports.PriorRecord`)."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from services.adapters.sql.engine import reading, writing
from services.adapters.sql.prior_tables import PriorFitRow
from services.core.ebgm import Prior
from services.core.ebgm_fit import Fit
from services.core.engine import Hyperparameters
from services.core.errors import IntegrityError
from services.core.statistics_ports import PriorFit


class SqlPriorRecord:
    """One row per fit; of two workers that offer the same revision one is ignored.

    Args:
        engine: a migrated database, from `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def latest(self) -> PriorFit | None:
        """The fit with the greatest revision; None if there is none yet."""
        return next(iter(self.history(1)), None)

    def history(self, limit: int) -> list[PriorFit]:
        """At most `limit` fits, the newest first."""
        columns = PriorFitRow.__table__.c  # type: ignore[attr-defined]
        query = select(*columns).order_by(col(PriorFitRow.revision).desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [_fit(PriorFitRow(**row)) for row in rows]

    def record(self, fit: PriorFit) -> PriorFit:
        """Keep a fit if its revision is the next one, and return the latest."""
        latest = self.latest()
        known = 0 if latest is None else latest.revision
        if fit.revision == known + 1:
            with writing(self._engine) as connection:
                dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
                statement = dialect.insert(PriorFitRow).values(**_row(fit))
                connection.execute(statement.on_conflict_do_nothing())
            latest = self.latest()
        if latest is None:
            raise IntegrityError("a fit that skips a revision was offered to an empty record")
        return latest


def _row(fit: PriorFit) -> dict[str, object]:
    made = fit.hyperparameters
    return {
        "revision": fit.revision,
        "fitted_at": fit.fitted_at,
        "ledger_sequence": fit.ledger_sequence,
        "pairs": made.pairs,
        "cases": made.cases,
        "in_use": None if made.prior is None else asdict(made.prior),
        "found": asdict(made.last.prior),
        "log_likelihood": made.last.log_likelihood,
        "converged": made.last.converged,
        "weak": made.last.weak,
        "agreeing": made.last.agreeing,
        "searches": made.last.searches,
        "message": made.last.message,
    }


def _fit(row: PriorFitRow) -> PriorFit:
    last = Fit(
        prior=Prior(**row.found),
        log_likelihood=row.log_likelihood,
        converged=row.converged,
        weak=row.weak,
        agreeing=row.agreeing,
        searches=row.searches,
        message=row.message,
    )
    return PriorFit(
        revision=row.revision,
        hyperparameters=Hyperparameters(
            prior=None if row.in_use is None else Prior(**row.in_use),
            pairs=row.pairs,
            cases=row.cases,
            last=last,
        ),
        ledger_sequence=row.ledger_sequence,
        fitted_at=row.fitted_at,
    )
