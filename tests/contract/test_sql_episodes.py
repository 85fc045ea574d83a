"""What only a database can get wrong of copies, episodes and merges: rows, gaps, old evidence."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import Engine, event, update
from sqlmodel import col, select

from services.adapters.sql import migrate
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.engine import reading, writing
from services.adapters.sql.person_tables import PatientMergeRow
from services.adapters.sql.tables import EvidenceRow, NoteRow
from services.core import identity
from services.core.contracts import Assertion
from services.core.counting_ports import Resettled
from services.core.counts import combine
from tests.connections import record_engine
from tests.fakes.clock import START, FakeClock
from tests.fakes.copied_stream import GAP
from tests.fakes.episodes import ARMS, CHEST, SPOTS, counts, day, merge
from tests.fakes.extractions import COUGH, RASH, extraction, telling


@pytest.fixture(params=["sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)])
def url(request: pytest.FixtureRequest) -> str:
    return cast(str, request.getfixturevalue(request.param))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = record_engine(url)
    yield engine
    engine.dispose()


def record_of(engine: Engine, gap: timedelta | None = GAP) -> SqlCaseRecord:
    return SqlCaseRecord(engine, clock=FakeClock(), episode_gap=gap)


def test_the_evidence_keeps_what_it_is_a_copy_of(engine: Engine) -> None:
    first = telling("a", (COUGH, SPOTS), (RASH, ARMS), written_at=day(0))
    copy = telling("b", (RASH, ARMS), written_at=day(90))
    record_of(engine).apply([copy, first])
    with reading(engine) as connection:
        rows = connection.execute(
            select(EvidenceRow).where(col(EvidenceRow.note_key) == copy.note_key)
        ).all()
    [row] = rows
    assert (row.copy_of_note, row.copy_of_position) == (first.note_key, 1)
    person = identity.case_key("patient-1")
    assert row.person_key == person
    assert row.case_key == identity.episode_key(person, first.note_key)


def test_a_merge_is_kept_and_takes_all_evidence_along(engine: Engine) -> None:
    record = record_of(engine)
    negated = extraction("a", RASH, assertion=Assertion.NEGATED, patient="p")
    record.apply([negated, telling("b", (RASH, ARMS), patient="p")])
    record.merge([merge("p", "q")])
    person = min(identity.case_key("p"), identity.case_key("q"))
    with reading(engine) as connection:
        [kept] = connection.execute(select(PatientMergeRow)).all()
        persons = set(connection.execute(select(EvidenceRow.person_key)).scalars())
        [uncounted] = connection.execute(
            select(EvidenceRow.case_key).where(col(EvidenceRow.counted).is_(False))
        ).scalars()
        patients = set(connection.execute(select(NoteRow.case_key)).scalars())
    assert (kept.retired, kept.surviving, kept.recorded_at) == ("p", "q", START)
    assert (persons, uncounted) == ({person}, person)
    assert patients == {identity.case_key("p")}


def test_another_gap_holds_for_everything_after_a_recount(engine: Engine) -> None:
    told = [
        telling("a", (RASH, ARMS), written_at=day(0)),
        telling("copy", (RASH, ARMS), written_at=day(20)),
        telling("b", (RASH, SPOTS), written_at=day(200)),
    ]
    record_of(engine, None).apply(told)
    record = record_of(engine)
    assert counts(record).total == 1
    assert record.resettle() == Resettled(read=3, moved=3, sequence=2)
    assert counts(record).pairs == {RASH: 2}
    wider = record_of(engine, timedelta(days=365))
    wider.apply([telling("c", (RASH, CHEST), written_at=day(300))])
    assert counts(wider).pairs == {RASH: 2}
    assert wider.resettle().sequence == 3
    assert counts(wider).pairs == {RASH: 1}


def test_evidence_from_before_there_were_copies_is_settled_by_a_recount(engine: Engine) -> None:
    record = record_of(engine)
    record.apply([telling("a", (RASH, ARMS), written_at=day(0))])
    record.apply([telling("b", (RASH, ARMS), written_at=day(10))])
    with writing(engine) as connection:
        connection.execute(update(EvidenceRow).values(copy_of_note=None, copy_of_position=None))
    assert record.resettle() == Resettled(read=2, moved=1, sequence=None)
    assert record.resettle() == Resettled(read=2, moved=0, sequence=None)


def test_a_recount_of_more_patients_than_one_statement_names_is_complete(engine: Engine) -> None:
    told = (telling(f"{p}-{d}", (RASH, text), patient=f"p{p}", written_at=day(d))
            for p in range(1100) for d, text in ((0, ARMS), (200, SPOTS)))  # fmt: skip
    record_of(engine, None).apply(list(told))
    record = record_of(engine)
    assert record.resettle() == Resettled(read=2200, moved=2200, sequence=2)
    assert counts(record).pairs == {RASH: 2200}


def test_a_note_reads_originals_and_not_the_copies_before_it(engine: Engine) -> None:
    record = record_of(engine)
    record.apply([telling("a", (RASH, ARMS), written_at=day(0))])
    record.apply([telling(f"c{i}", (RASH, ARMS), written_at=day(i)) for i in range(1, 50)])
    read: list[str] = []

    def note(*arguments: object) -> None:
        if "evidence_text" in str(arguments[2]) and str(arguments[2]).startswith("SELECT"):
            read.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    record.apply([telling("b", (RASH, ARMS), written_at=day(60))])
    record.apply([extraction("empty", written_at=day(61))])
    assert len(read) == 1
    assert "copy_of_note IS NULL" in read[0]
    assert counts(record).pairs == {RASH: 1}


def test_notes_and_merges_at_once_leave_no_gap_and_count_right(engine: Engine) -> None:
    def write(worker: int) -> None:
        record = record_of(engine)
        for step in range(8):
            patient = f"p{worker}-{step}"
            record.apply([telling(patient, (RASH, ARMS), patient=patient)])
            record.merge([merge(patient, f"p{(worker + 1) % 4}-{step}")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    record = record_of(engine)
    sequence, derived = record.counts()
    entries = record.entries(0, 1000)
    assert [entry.sequence for entry in entries] == list(range(1, sequence + 1))
    assert combine(entry.delta for entry in entries) == derived
    assert derived.pairs == {RASH: 8}


def test_the_schema_before_episodes_has_patients_for_cases(url: str, engine: Engine) -> None:
    record = record_of(engine)
    record.apply([telling(p, (RASH, ARMS), patient=p) for p in "pq"])
    record.merge([merge("p", "q")])
    migrate.downgrade(url, revision="0007")
    patients = {identity.case_key("p"), identity.case_key("q")}
    with reading(engine) as connection:
        assert set(connection.execute(select(EvidenceRow.case_key)).scalars()) == patients
    migrate.upgrade(url)
    with reading(engine) as connection:
        rows = connection.execute(select(EvidenceRow)).all()
    assert {row.person_key for row in rows} == {row.case_key for row in rows} == patients
    assert [row.copy_of_note for row in rows] == [None, None]
