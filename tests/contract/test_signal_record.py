"""What every record of signals promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from services.adapters.sql.engine import make_engine
from services.adapters.sql.signals import SqlSignalRecord
from services.core.contracts import Pair
from services.core.errors import DependencyUnavailable
from services.core.ports import SignalRecord, SignalStatus
from services.core.signal_contracts import Transition
from tests.connections import record_engine
from tests.fakes.extractions import BLEEDING, COUGH, RASH
from tests.fakes.signal_record import MemorySignalRecord
from tests.fakes.signals import signal

DATABASES = ["sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]


@pytest.fixture(params=["memory", *DATABASES])
def record(request: pytest.FixtureRequest) -> Iterator[SignalRecord]:
    if request.param == "memory":
        yield MemorySignalRecord()
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield SqlSignalRecord(engine)
    engine.dispose()


def test_an_empty_record_knows_no_signal(record: SignalRecord) -> None:
    assert record.statuses([RASH, COUGH]) == {}
    assert record.statuses([]) == {}
    assert record.active_pairs() == []
    assert record.unpublished(10) == []


def test_a_detection_makes_an_active_signal_and_waits_in_the_outbox(record: SignalRecord) -> None:
    detected = signal(RASH)
    assert record.record([detected]) == [detected]
    assert record.statuses([RASH, COUGH]) == {RASH: SignalStatus(revision=1, active=True)}
    assert record.active_pairs() == [RASH]
    assert record.unpublished(10) == [detected]


def test_a_signal_subsides_and_recurs(record: SignalRecord) -> None:
    record.record([signal(RASH, 1), signal(COUGH, 1)])
    record.record([signal(RASH, 2, Transition.SUBSIDED)])
    assert record.statuses([RASH]) == {RASH: SignalStatus(revision=2, active=False)}
    assert record.active_pairs() == [COUGH]
    record.record([signal(RASH, 3, Transition.RECURRED)])
    assert record.statuses([RASH]) == {RASH: SignalStatus(revision=3, active=True)}
    assert record.active_pairs() == sorted([RASH, COUGH])


def test_a_revision_that_exists_is_ignored(record: SignalRecord) -> None:
    first, rival = signal(RASH, minutes=0), signal(RASH, minutes=5)
    assert record.record([first]) == [first]
    assert record.record([rival, signal(COUGH)]) == [signal(COUGH)]
    assert record.record([signal(RASH, 2, Transition.SUBSIDED)]) != []
    assert record.record([signal(RASH, 2, Transition.SUBSIDED)]) == []
    assert len(record.unpublished(10)) == 3
    assert first in record.unpublished(10)


def test_the_same_batch_again_changes_nothing(record: SignalRecord) -> None:
    batch = [signal(RASH), signal(COUGH), signal(BLEEDING)]
    assert record.record(batch) == batch
    assert record.record(batch) == []
    assert len(record.unpublished(10)) == 3


def test_a_revision_that_skips_one_is_ignored(record: SignalRecord) -> None:
    assert record.record([signal(RASH, 2, Transition.SUBSIDED)]) == []
    record.record([signal(RASH)])
    assert record.record([signal(RASH, 3, Transition.RECURRED)]) == []
    assert record.statuses([RASH]) == {RASH: SignalStatus(revision=1, active=True)}


def test_one_batch_may_move_a_signal_twice(record: SignalRecord) -> None:
    batch = [signal(RASH, 2, Transition.SUBSIDED, minutes=1), signal(RASH)]
    assert len(record.record(sorted(batch, key=lambda s: s.revision))) == 2
    assert [s.revision for s in record.unpublished(10)] == [1, 2]


def test_the_outbox_gives_the_oldest_first_and_no_more_than_asked(record: SignalRecord) -> None:
    record.record([signal(COUGH, minutes=3), signal(RASH, minutes=1)])
    record.record([signal(BLEEDING, minutes=2)])
    assert [Pair(s.drug, s.event) for s in record.unpublished(2)] == [RASH, BLEEDING]


def test_what_is_published_leaves_the_outbox_and_stays_a_signal(record: SignalRecord) -> None:
    first, second = signal(RASH), signal(COUGH)
    record.record([first, second])
    record.mark_published([first.transition_id])
    record.mark_published([first.transition_id])
    record.mark_published([])
    assert record.unpublished(10) == [second]
    assert record.active_pairs() == sorted([RASH, COUGH])


def test_many_pairs_can_be_asked_for_at_once(record: SignalRecord) -> None:
    pairs = [Pair(f"drug {number}", "rash") for number in range(2500)]
    record.record([signal(pairs[0]), signal(pairs[-1])])
    assert set(record.statuses(pairs)) == {pairs[0], pairs[-1]}


def test_names_of_any_script_survive(record: SignalRecord) -> None:
    pair = Pair("ацетилсалициловая 'кислота'", 'nausée "sévère"\n💊')
    record.record([signal(pair)])
    assert record.active_pairs() == [pair]
    assert [Pair(s.drug, s.event) for s in record.unpublished(1)] == [pair]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest) -> str:
    return cast(str, request.getfixturevalue(request.param))


def test_workers_that_decide_the_same_write_it_once(url: str) -> None:
    engine = record_engine(url)
    record = SqlSignalRecord(engine)
    pairs = [Pair(f"drug {number}", "rash") for number in range(20)]
    batches = [[signal(pair) for pair in order] for order in (pairs, pairs[::-1]) * 2]
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(record.record, batches))
    assert sum(map(len, written)) == len(pairs)
    assert len(record.unpublished(100)) == len(pairs)
    engine.dispose()


def test_a_database_that_is_away_is_unavailable() -> None:
    engine = make_engine("postgresql://127.0.0.1:9/none", connect_timeout_seconds=1)
    with pytest.raises(DependencyUnavailable):
        SqlSignalRecord(engine).active_pairs()
    engine.dispose()
