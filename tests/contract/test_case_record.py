"""What every record of cases promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from services.adapters.sql.case_record import SqlCaseRecord
from services.core.contracts import Assertion, Pair, Table
from services.core.counting_ports import Applied, CaseRecord
from services.core.counts import CountDelta, combine
from services.core.errors import IntegrityError
from tests.connections import record_engine
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import START, FakeClock
from tests.fakes.extractions import (
    BLEEDING,
    COUGH,
    RASH,
    VERSIONS,
    extraction,
    retraction,
)

NOTHING = CountDelta()
ONE_RASH = CountDelta(pairs={RASH: 1}, drugs={RASH.drug: 1}, events={RASH.event: 1}, total=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(
    params=["memory", "sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]
)
def record(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[CaseRecord]:
    if request.param == "memory":
        yield MemoryCaseRecord(clock=clock)
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield SqlCaseRecord(engine, clock=clock)
    engine.dispose()


def ledger_total(record: CaseRecord) -> CountDelta:
    entries = record.entries(0, 1000)
    assert [entry.sequence for entry in entries] == list(range(1, record.head() + 1))
    return combine(entry.delta for entry in entries)


def counts(record: CaseRecord) -> CountDelta:
    """The derived counts, which the ledger must add up to."""
    sequence, derived = record.counts()
    assert sequence == record.head()
    assert ledger_total(record) == derived
    return derived


def test_an_empty_record_has_counted_nothing(record: CaseRecord) -> None:
    assert counts(record) == NOTHING
    assert record.head() == 0
    assert record.published() == 0
    assert record.ledger_id() == record.ledger_id() != ""


def test_a_batch_is_counted_in_one_ledger_entry(record: CaseRecord, clock: FakeClock) -> None:
    clock.advance(timedelta(hours=1))
    batch = [extraction("a", RASH, patient="p"), extraction("b", RASH, COUGH, patient="q")]
    assert record.apply(batch) == Applied(applied=2, ignored=0)
    (entry,) = record.entries(0, 10)
    assert (entry.sequence, entry.recorded_at) == (1, START + timedelta(hours=1))
    assert entry.delta == counts(record)
    assert entry.delta == CountDelta(
        pairs={RASH: 2, COUGH: 1},
        drugs={RASH.drug: 2, COUGH.drug: 1},
        events={RASH.event: 2, COUGH.event: 1},
        unattributed={Pair(RASH.drug, COUGH.event): 1, Pair(COUGH.drug, RASH.event): 1},
        total=2,
    )


def test_an_empty_batch_changes_nothing(record: CaseRecord) -> None:
    assert record.apply([]) == Applied(applied=0, ignored=0)
    assert record.head() == 0


def test_the_same_batch_twice_counts_once(record: CaseRecord) -> None:
    batch = [extraction("a", RASH, patient="p"), extraction("b", COUGH, patient="q")]
    record.apply(batch)
    before = counts(record)
    assert record.apply(batch) == Applied(applied=0, ignored=2)
    assert counts(record) == before
    assert record.head() == 1


def test_of_one_note_many_times_in_a_batch_the_newest_counts(record: CaseRecord) -> None:
    first, second = extraction("a", RASH), extraction("a", COUGH, version=2)
    applied = record.apply([second, first, second, first])
    assert applied == Applied(applied=1, ignored=3)
    assert counts(record).pairs == {COUGH: 1}
    assert record.head() == 1


def test_an_older_version_that_arrives_late_changes_nothing(record: CaseRecord) -> None:
    record.apply([extraction("a", COUGH, version=2)])
    assert record.apply([extraction("a", RASH, version=1)]) == Applied(applied=0, ignored=1)
    assert counts(record).pairs == {COUGH: 1}


def test_an_amendment_moves_counts_down_and_up(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH, COUGH)])
    record.apply([extraction("a", COUGH, BLEEDING, version=2)])
    assert counts(record).pairs == {COUGH: 1, BLEEDING: 1}
    assert record.entries(1, 10)[0].delta == CountDelta(
        pairs={RASH: -1, BLEEDING: 1},
        drugs={RASH.drug: -1, BLEEDING.drug: 1},
        events={RASH.event: -1, BLEEDING.event: 1},
        unattributed={
            Pair(RASH.drug, COUGH.event): -1,
            Pair(COUGH.drug, RASH.event): -1,
            Pair(BLEEDING.drug, COUGH.event): 1,
            Pair(COUGH.drug, BLEEDING.event): 1,
        },
    )


def test_an_amendment_that_changes_no_count_writes_no_ledger_entry(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH)])
    assert record.apply([extraction("a", RASH, version=2)]) == Applied(applied=1, ignored=0)
    assert record.head() == 1
    assert counts(record) == ONE_RASH


def test_a_retraction_takes_everything_back(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH, COUGH)])
    assert record.apply([retraction("a")]) == Applied(applied=1, ignored=0)
    assert counts(record) == NOTHING
    assert record.head() == 2
    assert record.versions_of(RASH) == ()


def test_a_retraction_outranks_its_own_version_and_earlier_ones(record: CaseRecord) -> None:
    record.apply([retraction("a", version=2)])
    late = [extraction("a", RASH, version=1), extraction("a", RASH, version=2)]
    assert record.apply(late) == Applied(applied=0, ignored=2)
    assert counts(record) == NOTHING
    assert record.head() == 0


def test_a_version_after_the_retraction_counts_again(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH), retraction("a")])
    record.apply([extraction("a", RASH, version=2)])
    assert counts(record) == ONE_RASH


def test_a_note_that_moves_to_another_patient_takes_its_pairs_along(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH, patient="p"), extraction("b", COUGH, patient="p")])
    record.apply([extraction("a", RASH, patient="q", version=2)])
    assert counts(record).pairs == {RASH: 1, COUGH: 1}
    assert counts(record).total == 2
    record.apply([retraction("a", version=2, patient="q")])
    assert counts(record).pairs == {COUGH: 1}
    assert counts(record).total == 1


def test_what_a_case_blames_on_another_drug_is_counted_apart(record: CaseRecord) -> None:
    a_y = Pair("a", "y")
    record.apply([extraction("1", Pair("a", "x"), patient="p"), extraction("2", a_y, patient="q")])
    assert not counts(record).unattributed
    # In another note of the same case.
    record.apply([extraction("3", Pair("b", "y"), patient="p")])
    assert counts(record).unattributed == {a_y: 1, Pair("b", "x"): 1}
    assert counts(record).table(a_y) == Table(n11=1, drug=2, event=1, total=2)
    record.apply([extraction("4", a_y, patient="p"), extraction("5", a_y, patient="p")])
    assert counts(record).unattributed == {Pair("b", "x"): 1}
    assert counts(record).table(a_y) == Table(n11=2, drug=2, event=2, total=2)


def test_what_does_not_count_leaves_nothing_unattributed(record: CaseRecord) -> None:
    mixed = (Assertion.AFFIRMED, Assertion.NEGATED)
    record.apply([extraction("a", RASH, COUGH, assertion=mixed)])
    assert counts(record) == ONE_RASH


def test_a_pair_counts_once_per_case_however_many_notes_have_it(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH), extraction("b", RASH, RASH)])
    assert counts(record) == ONE_RASH
    record.apply([retraction("a")])
    assert counts(record) == ONE_RASH
    assert record.head() == 1
    record.apply([retraction("b")])
    assert counts(record) == NOTHING


@pytest.mark.parametrize("assertion", Assertion)
def test_only_affirmed_and_historical_relations_count(
    record: CaseRecord, assertion: Assertion
) -> None:
    record.apply([extraction("a", RASH, assertion=assertion)])
    counted = assertion in (Assertion.AFFIRMED, Assertion.HISTORICAL)
    assert counts(record) == (ONE_RASH if counted else NOTHING)
    assert bool(record.versions_of(RASH)) == counted


def test_a_pair_counts_if_any_of_its_relations_does(record: CaseRecord) -> None:
    mixed = (Assertion.NEGATED, Assertion.AFFIRMED)
    record.apply([extraction("a", RASH, RASH, assertion=mixed)])
    assert counts(record) == ONE_RASH


def test_a_note_without_relations_is_recorded_and_counts_nothing(record: CaseRecord) -> None:
    assert record.apply([extraction("a")]) == Applied(applied=1, ignored=0)
    assert record.apply([extraction("a")]) == Applied(applied=0, ignored=1)
    assert counts(record) == NOTHING


def test_entries_are_read_in_order_and_in_parts(record: CaseRecord) -> None:
    for number in range(5):
        record.apply([extraction(f"n{number}", RASH, patient=f"p{number}")])
    assert [entry.sequence for entry in record.entries(1, 2)] == [2, 3]
    assert [entry.sequence for entry in record.entries(3, 100)] == [4, 5]
    assert record.entries(5, 100) == []


def test_published_only_moves_forward(record: CaseRecord) -> None:
    for number in range(3):
        record.apply([extraction(f"n{number}", RASH, patient=f"p{number}")])
    record.mark_published(2)
    record.mark_published(1)
    assert record.published() == 2


def test_what_is_not_in_the_ledger_cannot_be_published(record: CaseRecord) -> None:
    with pytest.raises(IntegrityError):
        record.mark_published(1)
    assert record.published() == 0


def test_the_versions_behind_a_pair_are_distinct_and_in_order(record: CaseRecord) -> None:
    newer, upper = replace(VERSIONS, ner="ner-2"), replace(VERSIONS, ner="NER-3")
    record.apply(
        [
            extraction("a", RASH, versions=newer),
            extraction("b", RASH, COUGH, versions=VERSIONS),
            extraction("c", RASH, versions=VERSIONS, patient="q"),
            extraction("d", RASH, versions=upper),
        ]
    )
    assert record.versions_of(RASH) == (upper, VERSIONS, newer)
    assert record.versions_of(COUGH) == (VERSIONS,)
    assert record.versions_of(BLEEDING) == ()


def test_a_large_batch_is_one_entry(record: CaseRecord) -> None:
    batch = [extraction(f"n{i}", RASH, COUGH, patient=f"p{i}") for i in range(2500)]
    assert record.apply(batch) == Applied(applied=2500, ignored=0)
    assert record.head() == 1
    assert counts(record).table(RASH).n11 == 2500
    retracted = [retraction(f"n{i}", patient=f"p{i}") for i in range(2500)]
    assert record.apply(retracted) == Applied(applied=2500, ignored=0)
    assert counts(record) == NOTHING


def odd_pairs() -> Sequence[Pair]:
    return (
        Pair("5-fluorouracil", "hand–foot syndrome"),
        Pair("a\x1fb", "c"),
        Pair("a", "b\x1fc"),
        Pair('"quoted\\', "ünïcödé 😀"),
        Pair("", ""),
        Pair("x" * 4000, "y" * 4000),
    )


def test_any_concepts_are_counted_apart(record: CaseRecord) -> None:
    record.apply([extraction("a", *odd_pairs())])
    assert counts(record).pairs == dict.fromkeys(odd_pairs(), 1)


def test_times_come_back_aware_and_in_utc(record: CaseRecord, clock: FakeClock) -> None:
    record.apply([extraction("a", RASH)])
    (entry,) = record.entries(0, 1)
    assert entry.recorded_at == clock.now()
    assert entry.recorded_at.utcoffset() == timedelta(0)
