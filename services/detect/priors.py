"""EBGM's prior as all workers share it: the latest of the record, refitted when the table moved."""

from __future__ import annotations

from functools import partial

import structlog

from services.core.engine import MOVED, Search, refreshed
from services.core.ports import Clock
from services.core.signal_contracts import Theta
from services.core.statistics_ports import PriorFit, PriorRecord
from services.core.tables import Tables

log = structlog.get_logger(__name__)


class SharedPrior:
    """The prior that scores pairs. Its calls block.

    Args:
        record: keeps every fit; the latest one holds for all workers, also after a restart.
        clock: gives the time of a fit.
        moved: share of the table that must have changed to be worth a refit, see `refreshed`.
        search: finds the hyperparameters; maximum likelihood if None.
    """

    def __init__(
        self,
        record: PriorRecord,
        *,
        clock: Clock,
        moved: float = MOVED,
        search: Search | None = None,
    ) -> None:
        self._record = record
        self._clock = clock
        self._refreshed = partial(refreshed, moved=moved)
        if search is not None:
            self._refreshed = partial(self._refreshed, search=search)

    def current(self) -> PriorFit | None:
        """The latest fit, of whichever worker."""
        return self._record.latest()

    def refreshed(self, tables: Tables, *, sequence: int) -> PriorFit | None:
        """The fit for a table: the latest one, or a new one if the table has moved enough.

        Of workers that refit at the same time one is recorded, and all of them use that.

        Args:
            tables: of all pairs.
            sequence: state of the ledger they belong to.

        Returns:
            None as long as there has been no case.
        """
        latest = self._record.latest()
        known = None if latest is None else latest.hyperparameters
        found = self._refreshed(known, tables)
        if found is None or found is known:
            return latest
        fit = PriorFit(
            revision=1 if latest is None else latest.revision + 1,
            hyperparameters=found,
            ledger_sequence=sequence,
            fitted_at=self._clock.now(),
        )
        recorded = self._record.record(fit)
        if recorded == fit:
            _report(fit)
        return recorded


def theta_of(fit: PriorFit | None) -> Theta | None:
    """The hyperparameters of a snapshot; None if no prior is in use."""
    if fit is None or fit.hyperparameters.prior is None:
        return None
    prior = fit.hyperparameters.prior
    return Theta(
        alpha1=prior.alpha1,
        beta1=prior.beta1,
        alpha2=prior.alpha2,
        beta2=prior.beta2,
        weight=prior.weight,
        fit=fit.revision,
    )


def _report(fit: PriorFit) -> None:
    made = fit.hyperparameters
    facts = {"fit": fit.revision, "pairs": made.pairs, "weak_density": made.last.weak}
    if made.last.converged:
        log.info("prior fitted", **facts)
    else:
        log.warning(
            "prior did not converge", **facts, why=made.last.message, in_use=made.prior is not None
        )
