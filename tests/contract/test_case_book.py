"""What every book of cases promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.adapters.sql.case_book import SqlCaseBook
from services.adapters.sql.case_record import SqlCaseRecord
from services.core import identity
from services.core.case_statistics import Stratum, stratified_counts
from services.core.contracts import Assertion, Sex
from services.core.counting_ports import CaseRecord
from services.core.counts import combine
from services.core.statistics_ports import Case, CaseBook, PairCase
from tests.connections import record_engine
from tests.fakes.case_book import MemoryCaseBook
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import BLEEDING, COUGH, RASH, extraction, retraction

JANUARY, MARCH = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
Both = tuple[CaseRecord, CaseBook]


@pytest.fixture(
    params=["memory", "sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]
)
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    if request.param == "memory":
        record = MemoryCaseRecord(clock=FakeClock())
        yield record, MemoryCaseBook(record)
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield SqlCaseRecord(engine, clock=FakeClock()), SqlCaseBook(engine)
    engine.dispose()


def test_an_empty_record_has_no_case(both: Both) -> None:
    _, book = both
    assert list(book.cases()) == []
    assert book.pair_cases(RASH) == []


def test_a_case_has_its_pairs_with_their_first_times(both: Both) -> None:
    record, book = both
    record.apply(
        [
            extraction("late", RASH, COUGH, written_at=MARCH),
            extraction("early", RASH, written_at=JANUARY),
            extraction("other", BLEEDING, patient="q", written_at=MARCH),
        ]
    )
    found = {case.key: case for case in book.cases()}
    key = identity.case_key("patient-1")
    assert list(found) == sorted([key, identity.case_key("q")])
    assert found[key] == Case(
        key=key, sex=Sex.FEMALE, age_years=61, pairs={RASH: JANUARY, COUGH: MARCH}
    )
    assert found[key].first_at == JANUARY


def test_sex_and_age_are_those_of_the_first_counted_note(both: Both) -> None:
    record, book = both
    early = replace(extraction("early", written_at=JANUARY), sex=Sex.OTHER, age_years=1)
    first = replace(extraction("first", RASH, written_at=MARCH), sex=Sex.MALE, age_years=None)
    later = datetime(2026, 4, 1, tzinfo=UTC)
    record.apply([extraction("later", RASH, written_at=later), first, early])
    [case] = book.cases()
    assert (case.sex, case.age_years) == (Sex.MALE, None)


def test_what_does_not_count_makes_no_case(both: Both) -> None:
    record, book = both
    record.apply(
        [
            extraction("negated", RASH, assertion=Assertion.NEGATED),
            extraction("gone", RASH, patient="q"),
            extraction("empty", patient="r"),
        ]
    )
    record.apply([retraction("gone", patient="q")])
    assert list(book.cases()) == []
    assert book.pair_cases(RASH) == []


def test_strata_add_up_to_the_counts_of_the_record(both: Both) -> None:
    record, book = both
    record.apply(
        [
            extraction(f"n{i}", *pairs, patient=f"p{i}", written_at=at)
            for i, (pairs, at) in enumerate(
                [((RASH, COUGH), JANUARY), ((RASH,), MARCH), ((BLEEDING, COUGH), MARCH)]
            )
        ]
    )
    record.apply([replace(extraction("n9", RASH, patient="p9"), sex=Sex.MALE, age_years=9)])
    strata = stratified_counts(book.cases(), tuple(Stratum))
    assert set(strata) == {("female", "45-64", "2026"), ("male", "2-11", "2026")}
    assert combine(strata.values()) == record.counts()[1]


def test_the_cases_of_a_pair_say_where_they_come_from_and_what_they_lack(both: Both) -> None:
    record, book = both
    bare = replace(
        extraction("a", RASH, written_at=MARCH, evidence_text="one"),
        sex=Sex.UNKNOWN, age_years=None, source="ward",
    )  # fmt: skip
    typed = replace(
        extraction("b", RASH, COUGH, written_at=JANUARY, evidence_text="two"), note_type="letter"
    )
    again = extraction("c", RASH, written_at=MARCH, patient="q", evidence_text="three")
    record.apply([bare, typed, again])
    found = {case.key: case for case in book.pair_cases(RASH)}
    assert list(found) == sorted(found)
    assert found[identity.case_key("patient-1")] == PairCase(
        key=identity.case_key("patient-1"),
        first_at=JANUARY,
        sources=frozenset({"ward", "ehr"}),
        sex=True,
        age_years=True,
        note_type=True,
        texts=("two", "one"),
    )
    assert not found[identity.case_key("q")].note_type
    assert [case.texts for case in book.pair_cases(COUGH)] == [("two",)]


def test_cases_that_rest_on_history_alone_are_told_from_others(both: Both) -> None:
    record, book = both
    past = Assertion.HISTORICAL
    record.apply(
        [
            extraction("a", RASH, COUGH, assertion=[past, Assertion.AFFIRMED], evidence_text="one"),
            extraction("b", RASH, patient="q", assertion=past, evidence_text="one"),
            extraction("c", RASH, patient="q", written_at=MARCH, evidence_text="It came again."),
            extraction("d", RASH, patient="r", assertion=Assertion.NEGATED),
            extraction("e", BLEEDING, RASH, patient="s", assertion=past, evidence_text="two"),
            # Word for word what was history is no evidence of its own.
            extraction("f", BLEEDING, patient="s", written_at=MARCH, evidence_text="two"),
        ]
    )
    assert book.historical_only([RASH, COUGH, BLEEDING]) == {RASH: 2, COUGH: 0, BLEEDING: 1}
    assert book.historical_only([]) == {}
    record.apply([retraction("b", patient="q"), retraction("e", patient="s")])
    assert book.historical_only([RASH, BLEEDING]) == {RASH: 1, BLEEDING: 0}


def test_names_of_any_script_are_found(both: Both) -> None:
    record, book = both
    odd = RASH._replace(drug="ацетил 'кислота'", event='nausée "sévère"')
    record.apply([extraction("a", odd)])
    assert [case.first_at for case in book.pair_cases(odd)]
    assert book.historical_only([odd]) == {odd: 0}
