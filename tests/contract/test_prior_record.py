"""What every record of fits promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from services.adapters.sql.priors import SqlPriorRecord
from services.core.ebgm import Prior
from services.core.ebgm_fit import Fit
from services.core.engine import Hyperparameters
from services.core.errors import IntegrityError
from services.core.statistics_ports import PriorFit, PriorRecord
from tests.connections import record_engine
from tests.fakes.clock import START
from tests.fakes.prior_record import MemoryPriorRecord

DATABASES = ["sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]
PRIOR = Prior(alpha1=3.25, beta1=0.1 + 0.2, alpha2=2.02, beta2=1 / 3, weight=0.065)
LAST = Fit(
    prior=PRIOR,
    log_likelihood=-4161.930160450001,
    converged=True,
    weak=False,
    agreeing=4,
    searches=5,
    message="",
)


def fit(revision: int = 1, *, sequence: int = 7, prior: Prior | None = PRIOR) -> PriorFit:
    return PriorFit(
        revision=revision,
        hyperparameters=Hyperparameters(prior=prior, pairs=40, cases=2**40, last=LAST),
        ledger_sequence=sequence,
        fitted_at=START + timedelta(minutes=revision),
    )


@pytest.fixture(params=["memory", *DATABASES])
def record(request: pytest.FixtureRequest) -> Iterator[PriorRecord]:
    if request.param == "memory":
        yield MemoryPriorRecord()
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield SqlPriorRecord(engine)
    engine.dispose()


def test_an_empty_record_has_no_fit(record: PriorRecord) -> None:
    assert record.latest() is None
    assert record.history(10) == []


def test_a_fit_is_kept_to_the_last_digit(record: PriorRecord) -> None:
    assert record.record(fit()) == fit()
    assert record.latest() == fit()


def test_the_newest_fit_holds_and_the_others_stay(record: PriorRecord) -> None:
    for revision in (1, 2, 3):
        record.record(fit(revision))
    assert record.latest() == fit(3)
    assert record.history(2) == [fit(3), fit(2)]


def test_a_fit_whose_revision_is_taken_loses_to_the_one_that_has_it(record: PriorRecord) -> None:
    first, rival = fit(sequence=1), fit(sequence=2)
    assert record.record(first) == first
    assert record.record(rival) == first
    assert record.history(10) == [first]


def test_a_fit_that_skips_a_revision_is_not_kept(record: PriorRecord) -> None:
    with pytest.raises(IntegrityError):
        record.record(fit(2))
    record.record(fit(1))
    assert record.record(fit(3)) == fit(1)


def test_a_search_that_failed_is_kept_with_its_reason(record: PriorRecord) -> None:
    made = fit(prior=None).hyperparameters
    failed = replace(LAST, converged=False, weak=True, message="the gradient does not vanish")
    bad = replace(fit(), hyperparameters=replace(made, last=failed))
    assert record.record(bad) == bad
    assert record.latest() == bad


@pytest.mark.parametrize("url", DATABASES)
def test_workers_that_refit_at_once_agree_on_one(request: pytest.FixtureRequest, url: str) -> None:
    database = request.getfixturevalue(url)
    engine = record_engine(database)
    record = SqlPriorRecord(engine)
    with ThreadPoolExecutor(4) as pool:
        believed = list(pool.map(lambda n: record.record(fit(sequence=n)), range(8)))
    assert set(map(repr, believed)) == {repr(record.latest())}
    assert len(record.history(10)) == 1
    engine.dispose()
