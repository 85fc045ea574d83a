"""What every record of verdicts promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.verdicts import SqlVerdicts
from services.core.contracts import Assertion, Extraction
from services.core.copies import Place
from services.core.counting_ports import CaseRecord
from services.core.verdicts import EvidenceItem, Judgement, Verdict, VerdictRecord
from tests.connections import record_engine
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import START, FakeClock
from tests.fakes.extractions import COUGH, RASH, extraction, retraction
from tests.fakes.verdicts import MemoryVerdicts


class Books(NamedTuple):
    clock: FakeClock
    cases: CaseRecord
    verdicts: VerdictRecord


@pytest.fixture(
    params=["memory", "sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]
)
def books(request: pytest.FixtureRequest) -> Iterator[Books]:
    clock = FakeClock()
    if request.param == "memory":
        record = MemoryCaseRecord(clock=clock)
        yield Books(clock, record, MemoryVerdicts(record, clock=clock))
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield Books(clock, SqlCaseRecord(engine, clock=clock), SqlVerdicts(engine, clock=clock))
    engine.dispose()


def in_section(note: Extraction, name: str) -> Extraction:
    relations = tuple(replace(relation, section=name) for relation in note.relations)
    return replace(note, relations=relations)


def judge(books: Books, item: EvidenceItem, judgement: Judgement) -> Verdict:
    books.clock.advance(timedelta(minutes=1))
    verdict = books.verdicts.judge(item.note_key, item.key, judgement, by="Zoë")
    assert verdict is not None
    return verdict


def test_the_evidence_of_a_pair_is_that_of_standing_notes(books: Books) -> None:
    books.cases.apply(
        [
            extraction("a", RASH, COUGH, patient="p"),
            extraction("b", RASH, patient="q", assertion=Assertion.NEGATED),
            extraction("c", RASH, patient="r"),
        ]
    )
    books.cases.apply([retraction("c", patient="r")])
    found = books.verdicts.evidence(RASH)
    assert [item.note_key for item in found] == sorted(
        extraction(name).note_key for name in ("a", "b")
    )
    assert {item.assertion for item in found} == {Assertion.AFFIRMED, Assertion.NEGATED}
    assert len({item.key for item in found}) == 2
    (one,) = [item for item in found if item.assertion is Assertion.NEGATED]
    (drug, event) = (RASH.drug, RASH.event)
    assert (one.drug, one.event) == ((0, len(drug)), (0, len(event)))
    assert one.text == "Some drug caused some event."
    assert one.window == (0, len(one.text))


def test_evidence_says_in_which_section_it_stands_and_what_it_repeats(books: Books) -> None:
    first = in_section(extraction("a", COUGH, RASH), "allergies")
    again = extraction("b", RASH, written_at=datetime(2026, 2, 1, tzinfo=UTC))
    books.cases.apply([first, again])
    found = {item.note_key: item for item in books.verdicts.evidence(RASH)}
    one, other = found[first.note_key], found[again.note_key]
    assert (one.section, one.position, one.copy_of) == ("allergies", 1, None)
    assert (other.section, other.position, other.copy_of) == (None, 0, Place(first.note_key, 1))
    judge(books, other, Judgement.CONFIRMED)
    ((judged, _),) = books.verdicts.judged()
    assert judged == other


def test_the_last_verdict_holds_and_all_are_kept(books: Books) -> None:
    books.cases.apply([extraction("a", RASH, COUGH)])
    (rash,), (cough,) = books.verdicts.evidence(RASH), books.verdicts.evidence(COUGH)
    first = judge(books, rash, Judgement.CONFIRMED)
    other = judge(books, cough, Judgement.UNCLEAR)
    second = books.verdicts.judge(
        rash.note_key, rash.key, Judgement.CONFIRMED, by="Ann", status=Assertion.HISTORICAL
    )
    assert second is not None
    assert (first.revision, other.revision, second.revision) == (1, 1, 2)
    assert (first.at, first.by) == (START + timedelta(minutes=1), "Zoë")
    assert set(books.verdicts.verdicts()) == {first, other, second}
    assert books.verdicts.verdicts()[0] == first
    assert {item.key: verdict for item, verdict in books.verdicts.judged()} == {
        rash.key: second,
        cough.key: other,
    }


def test_a_verdict_holds_for_its_wording_only(books: Books) -> None:
    books.cases.apply([extraction("a", RASH, evidence_text="A rash after amoxicillin.")])
    (item,) = books.verdicts.evidence(RASH)
    verdict = judge(books, item, Judgement.REFUTED)
    books.cases.apply([extraction("a", RASH, version=2, evidence_text="Rash; no amoxicillin.")])
    assert list(books.verdicts.judged()) == []
    assert books.verdicts.judge(item.note_key, item.key, Judgement.CONFIRMED, by="Zoë") is None
    again = extraction("a", COUGH, RASH, version=3, evidence_text="A rash after amoxicillin.")
    books.cases.apply([again])
    assert [(found.key, said) for found, said in books.verdicts.judged()] == [(item.key, verdict)]
    assert books.verdicts.verdicts() == [verdict]


def test_only_evidence_that_stands_can_be_judged(books: Books) -> None:
    books.cases.apply([extraction("a", RASH), extraction("b", RASH, patient="q")])
    one, other = books.verdicts.evidence(RASH)
    assert books.verdicts.judge(one.note_key, other.key, Judgement.CONFIRMED, by="Zoë") is None
    books.cases.apply([retraction("a"), retraction("b", patient="q")])
    assert books.verdicts.judge(one.note_key, one.key, Judgement.CONFIRMED, by="Zoë") is None
    assert books.verdicts.verdicts() == []
