"""EBGM's prior in the service: fitted on schedule, recorded, shared, and shown in snapshots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from structlog.testing import capture_logs

from services.core.contracts import Pair
from services.core.counts import CountDelta
from services.core.ebgm import Prior
from services.core.ebgm_fit import Fit, fit
from services.core.ebgm_likelihood import Points
from services.core.engine import measures
from services.core.rule_expressions import parse_rule
from services.core.rules import FDA_EB05, MHRA, Rule, bounded
from services.core.sequential import boundary
from services.core.signal_contracts import Signal
from services.core.statistics_ports import PriorFit
from services.core.tables import Tables
from services.detect.handler import Detector
from services.detect.priors import SharedPrior, theta_of
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import VERSIONS
from tests.fakes.hot_counts import MemoryHotCounts
from tests.fakes.prior_record import MemoryPriorRecord
from tests.fakes.publisher import MemoryPublisher
from tests.fakes.signal_record import MemorySignalRecord

STRONG = Pair("strong", "event")


def counts_with(strong: int, *, others: int = 60) -> CountDelta:
    """Pairs as frequent as expected (about 4 cases), and one that is not."""
    random = np.random.default_rng(5)
    pairs = {Pair(f"drug {i}", f"event {i}"): int(random.integers(1, 8)) for i in range(others)}
    pairs[STRONG] = strong
    return CountDelta(
        pairs=pairs,
        drugs={pair.drug: 200 for pair in pairs},
        events={pair.event: 200 for pair in pairs},
        total=10_000,
    )


class Service:
    """Workers that share counts and records."""

    def __init__(self, rule: Rule = FDA_EB05) -> None:
        self.rule = rule
        self.counts = MemoryHotCounts()
        self.signals = MemorySignalRecord()
        self.priors = MemoryPriorRecord()
        self.clock = FakeClock()
        self.sequence = 0

    def worker(self) -> Detector:
        return Detector(
            self.counts,
            self.signals,
            MemoryPublisher(),
            prior=SharedPrior(self.priors, clock=self.clock),
            versions_of=lambda pair: (VERSIONS,) if pair == STRONG else (),
            historical_only=lambda pairs: dict.fromkeys(pairs, 0),
            rule=self.rule,
            clock=self.clock,
            topic="pv.signals",
            encode=lambda signal: signal.transition_id.encode(),
        )

    def count(self, counts: CountDelta) -> None:
        self.sequence += 1
        self.counts.state = ("ledger", self.sequence, counts)


@pytest.mark.parametrize("rule", [FDA_EB05, MHRA, parse_rule("all(fda-eb05, evans)")])
async def test_a_rule_over_ebgm_detects_in_the_service(rule: Rule) -> None:
    service = Service(rule)
    service.count(counts_with(60))
    assert STRONG in {(s.drug, s.event) for s in await service.worker().rescore_all()}


async def test_before_the_first_fit_a_rule_over_ebgm_decides_nothing() -> None:
    service = Service()
    service.count(counts_with(60))
    assert await service.worker().rescore([STRONG]) == []
    await service.worker().rescore_all()
    service.count(counts_with(1))
    [subsided] = await service.worker().rescore([STRONG])
    assert subsided.transition == "subsided"


async def test_a_signal_can_be_computed_again_from_its_snapshot() -> None:
    service = Service()
    service.count(counts_with(60))
    found = {(s.drug, s.event): s for s in await service.worker().rescore_all()}[STRONG]
    assert found.theta is not None
    assert found.theta == theta_of(service.priors.latest())
    assert found.theta.fit == 1
    again = measures(Tables.from_tables([found.counts]), prior_of(found))
    assert [estimates.measure(0) for estimates in again.values()] == list(found.measures)
    assert found.measures[-1].name == "ebgm"


def prior_of(signal: Signal) -> Prior:
    theta = signal.theta
    assert theta is not None
    return Prior(
        alpha1=theta.alpha1,
        beta1=theta.beta1,
        alpha2=theta.alpha2,
        beta2=theta.beta2,
        weight=theta.weight,
    )


async def test_a_boundary_is_in_the_snapshot_and_decides() -> None:
    limit = boundary(alpha=0.05, pairs=100, horizon=100.0)
    service = Service(bounded(FDA_EB05, limit))
    service.count(counts_with(60))
    [found] = await service.worker().rescore_all()
    assert (found.boundary, found.rule) == (limit, "fda-eb05+maxsprt")
    out_of_reach = replace(limit, critical_value=1e6)
    service = Service(bounded(FDA_EB05, out_of_reach))
    service.count(counts_with(60))
    assert await service.worker().rescore_all() == []


async def test_beyond_the_boundary_a_warning_says_so() -> None:
    # 61 pairs have a case; 61 drugs and 61 events make 3721.
    for limit, warned in (
        (boundary(alpha=0.05, pairs=3721, horizon=100.0), 0),
        (boundary(alpha=0.05, pairs=3720, horizon=100.0), 1),
        (boundary(alpha=0.05, pairs=3721, horizon=3.0), 1),
    ):
        service = Service(bounded(FDA_EB05, limit))
        service.count(counts_with(60))
        with capture_logs() as logs:
            await service.worker().rescore_all()
        assert sum("beyond the sequential" in entry["event"] for entry in logs) == warned


async def test_workers_share_the_prior_and_refit_when_the_table_has_moved() -> None:
    service = Service()
    first, second = service.worker(), service.worker()
    service.count(counts_with(60))
    await first.rescore_all()
    await second.rescore_all()
    assert [fit.revision for fit in service.priors.fits] == [1]
    assert service.priors.fits[0].ledger_sequence == 1
    service.count(counts_with(61))
    await second.rescore_all()
    assert len(service.priors.fits) == 1
    service.count(counts_with(60, others=80))
    await second.rescore_all()
    await first.rescore_all()
    assert [fit.revision for fit in service.priors.fits] == [1, 2]


def some_tables(number: int = 60) -> Tables:
    counts = counts_with(60, others=number)
    return Tables.from_tables([counts.table(pair) for pair in counts.pairs])


def test_of_two_workers_that_refit_at_once_one_is_believed_by_both() -> None:
    class Slow(MemoryPriorRecord):
        """Another worker records its fit while this one is searching."""

        def record(self, fit: PriorFit) -> PriorFit:
            if not self.fits:
                super().record(replace(fit, ledger_sequence=99))
            return super().record(fit)

    record = Slow()
    found = SharedPrior(record, clock=FakeClock()).refreshed(some_tables(), sequence=7)
    assert found is not None
    assert found.ledger_sequence == 99
    assert record.fits == [found]


def test_a_search_that_does_not_converge_is_reported_and_leaves_the_prior_in_use() -> None:
    def hopeless(points: Points, warm: Prior | None) -> Fit:
        return replace(fit(points, warm=warm), converged=False, message="the gradient is stuck")

    record, clock = MemoryPriorRecord(), FakeClock()
    with capture_logs() as logs:
        first = SharedPrior(record, clock=clock).refreshed(some_tables(), sequence=1)
    assert [entry["event"] for entry in logs] == ["prior fitted"]
    assert first is not None
    with capture_logs() as logs:
        shared = SharedPrior(record, clock=clock, search=hopeless)
        second = shared.refreshed(some_tables(80), sequence=2)
    assert second is not None
    assert not second.hyperparameters.last.converged
    assert second.hyperparameters.prior == first.hyperparameters.prior
    assert theta_of(second) == replace(theta_of(first), fit=2)  # type: ignore[type-var]
    [entry] = logs
    assert (entry["log_level"], entry["event"]) == ("warning", "prior did not converge")
    assert (entry["why"], entry["in_use"]) == ("the gradient is stuck", True)
    assert record.fits == [first, second]


def test_a_first_search_that_does_not_converge_leaves_no_prior_in_use() -> None:
    def hopeless(points: Points, warm: Prior | None) -> Fit:
        return replace(fit(points, warm=warm), converged=False, message="the gradient is stuck")

    shared = SharedPrior(MemoryPriorRecord(), clock=FakeClock(), search=hopeless)
    found = shared.refreshed(some_tables(), sequence=1)
    assert found is not None
    assert theta_of(found) is None
