"""What only a database can get wrong: rows, statements, concurrency, errors."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import cast

import pytest
from sqlalchemy import Engine, event, insert, text
from sqlmodel import col, select

from services.adapters.sql import migrate
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.engine import make_engine, reading, writing
from services.adapters.sql.tables import EvidenceRow, LedgerEntryRow, NoteRow
from services.core.contracts import Assertion, Pair, PatientMerge
from services.core.counting_ports import Applied
from services.core.counts import CountDelta, combine
from services.core.errors import (
    ConfigurationError,
    DependencyUnavailable,
    IntegrityError,
    InvalidMessage,
)
from tests.connections import record_engine
from tests.fakes.clock import START, FakeClock
from tests.fakes.extractions import COUGH, RASH, extraction, retraction

BOTH = pytest.mark.parametrize(
    "url",
    ["sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)],
    indirect=True,
)
SECRET = "Mrs Secret took amoxicillin"


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    return cast(str, request.getfixturevalue(request.param))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = record_engine(url)
    yield engine
    engine.dispose()


@BOTH
def test_every_relation_is_kept_as_evidence_counted_or_not(engine: Engine) -> None:
    written = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=2)))
    asserted = (Assertion.AFFIRMED, Assertion.FAMILY)
    note = extraction("a", RASH, COUGH, assertion=asserted, written_at=written)
    SqlCaseRecord(engine, clock=FakeClock()).apply([note])
    with reading(engine) as connection:
        rows = connection.execute(select(EvidenceRow).order_by(col(EvidenceRow.position))).all()
        kept = connection.execute(select(NoteRow)).one()
    assert [(row.drug, row.event, row.assertion, row.counted) for row in rows] == [
        (*RASH, "affirmed", True),
        (*COUGH, "family", False),
    ]
    assert rows[0].evidence_text == note.relations[0].evidence_text
    assert (rows[0].drug_text, rows[0].drug_start, rows[0].drug_end) == (RASH.drug, 0, 11)
    assert rows[0].probability == pytest.approx(0.875)
    assert rows[0].written_at == written
    assert rows[0].written_at.tzinfo is UTC
    assert (kept.note_key, kept.extraction_id) == (note.note_key, note.extraction_id)
    assert (kept.sex, kept.age_years, kept.recorded_at) == ("female", 61, START)


@BOTH
def test_a_retracted_note_leaves_its_row_and_no_evidence(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    record.apply([extraction("a", RASH)])
    record.apply([retraction("a")])
    with reading(engine) as connection:
        assert connection.execute(select(EvidenceRow.relation_id)).all() == []
        assert connection.execute(select(NoteRow.retracted)).scalar_one() is True


@BOTH
def test_which_assertions_count_can_be_chosen(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock(), counted=frozenset({Assertion.UNCERTAIN}))
    asserted = (Assertion.AFFIRMED, Assertion.UNCERTAIN)
    record.apply([extraction("a", RASH, COUGH, assertion=asserted)])
    assert record.counts()[1].pairs == {COUGH: 1}


@BOTH
def test_a_batch_of_500_needs_few_statements(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    record.apply([extraction(f"n{i}", RASH, patient=f"p{i}") for i in range(500)])
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    record.apply([extraction(f"n{i}", COUGH, patient=f"q{i}", version=2) for i in range(500)])
    assert len(statements) <= 12


@BOTH
def test_merges_that_are_known_cost_one_query_a_batch(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    merges = [
        PatientMerge(source="s", surviving=f"a{i}", retired=f"b{i}", occurred_at=START)
        for i in range(256)
    ]
    assert record.merge(merges) == Applied(applied=256, ignored=0)
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    assert record.merge(merges) == Applied(applied=0, ignored=256)
    assert [line.split()[0] for line in statements if not line.startswith("BEGIN")] == ["SELECT"]


@BOTH
def test_concurrent_writers_leave_no_gap_and_count_right(engine: Engine) -> None:
    def write(worker: int) -> None:
        record = SqlCaseRecord(engine, clock=FakeClock())
        for step in range(10):
            own = extraction(f"w{worker}-{step}", COUGH, patient=f"p{worker}")
            # All workers fight over the versions of one note and the pairs of one case.
            shared = extraction("shared", Pair("d", str(worker)), version=step, patient="shared")
            record.apply([own, shared])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    record = SqlCaseRecord(engine, clock=FakeClock())
    sequence, derived = record.counts()
    entries = record.entries(0, 1000)
    assert [entry.sequence for entry in entries] == list(range(1, sequence + 1))
    assert combine(entry.delta for entry in entries) == derived
    assert derived.table(COUGH).n11 == 4
    assert derived.total == 5
    assert len(derived.pairs) == 2


@BOTH
def test_readers_see_one_moment_while_others_write(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    with ThreadPoolExecutor(1) as pool:
        writes = pool.map(
            lambda i: record.apply([extraction(f"n{i}", RASH, COUGH, patient=f"p{i}")]), range(40)
        )
        seen = 0
        while seen < 40:
            seen, derived = record.counts()
            assert set(derived.pairs.values()) <= {seen}
            assert derived.total == seen
        list(writes)


@BOTH
def test_a_ledger_entry_from_before_the_unattributed_counts_is_read(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    stored = {"pairs": [[*RASH, 1]], "drugs": [["amoxicillin", 1]], "events": [], "total": 0}
    with writing(engine) as connection:
        row = {"sequence": 1, "delta": stored, "recorded_at": START}
        connection.execute(insert(LedgerEntryRow), [row])
    (entry,) = record.entries(0, 1)
    assert entry.delta == CountDelta(pairs={RASH: 1}, drugs={"amoxicillin": 1})


@BOTH
def test_counts_of_more_cases_than_one_fetch_are_complete(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    blames_other = (Pair("a", "x"), Pair("b", "y"))
    cases = 6_000  # two rows each
    record.apply([extraction(f"n{i}", *blames_other, patient=f"p{i}") for i in range(cases)])
    _, derived = record.counts()
    assert derived.unattributed == {Pair("a", "y"): cases, Pair("b", "x"): cases}
    assert derived == record.entries(0, 1)[0].delta


@BOTH
def test_a_record_that_another_holds_too_long_is_unavailable(url: str, engine: Engine) -> None:
    impatient = make_engine(url, lock_timeout_seconds=1)
    record = SqlCaseRecord(impatient, clock=FakeClock())
    with writing(engine) as connection:
        connection.execute(text("UPDATE ledger_head SET published = published"))
        with pytest.raises(DependencyUnavailable) as caught:
            record.apply([extraction("a", RASH, evidence_text=SECRET)])
    assert caught.value.dependency == "sql"
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert record.apply([extraction("a", RASH)]).applied == 1
    impatient.dispose()


@BOTH
def test_a_refused_row_is_an_integrity_error_without_patient_text(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    with writing(engine) as connection:
        # A ledger that ran ahead of its head: the next entry collides.
        row = {"sequence": 1, "delta": {}, "recorded_at": START}
        connection.execute(insert(LedgerEntryRow), [row])
    with pytest.raises(IntegrityError) as caught:
        record.apply([extraction(SECRET, Pair(SECRET, SECRET), evidence_text=SECRET)])
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    # Nothing of the refused batch stays.
    assert record.counts()[1].total == 0


@BOTH
def test_an_inconsistent_extraction_is_refused_and_records_nothing(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    broken = replace(extraction("a", RASH), mentions=())
    with pytest.raises(InvalidMessage):
        record.apply([extraction("b", RASH), broken])
    assert record.apply([extraction("b", RASH)]).applied == 1


@BOTH
def test_text_that_a_database_cannot_hold_is_kept_with_its_length(engine: Engine) -> None:
    odd = "a\x00b\ud800c😀"
    note = extraction(odd, Pair(odd, "rash"), patient=odd, evidence_text=odd)
    record = SqlCaseRecord(engine, clock=FakeClock())
    assert record.apply([note]).applied == 1
    assert record.apply([note]).ignored == 1
    with reading(engine) as connection:
        kept = connection.execute(select(EvidenceRow.evidence_text)).scalar_one()
    assert kept == "a\ufffdb\ufffdc😀"
    assert record.counts()[1].pairs == {Pair(kept, "rash"): 1}
    assert record.entries(0, 1)[0].delta == record.counts()[1]


@BOTH
def test_no_number_or_id_that_the_wire_allows_is_refused(engine: Engine) -> None:
    note = extraction("a", RASH, COUGH, version=2**63 - 1)
    far = [replace(m, start=2**62, end=2**62 + len(m.text)) for m in note.mentions]
    same = [replace(r, relation_id="r" * 5000) for r in note.relations]
    odd = replace(note, age_years=2**63 - 1, mentions=tuple(far), relations=tuple(same))
    record = SqlCaseRecord(engine, clock=FakeClock())
    assert record.apply([odd]).applied == 1
    assert record.counts()[1].pairs == {RASH: 1, COUGH: 1}


@BOTH
def test_an_unmigrated_database_says_so_instead_of_being_retried(
    request: pytest.FixtureRequest, url: str, engine: Engine
) -> None:
    migrate.downgrade(url, revision="base")
    with pytest.raises(IntegrityError):
        SqlCaseRecord(engine, clock=FakeClock()).head()


@pytest.mark.stack
@pytest.mark.parametrize("url", ["postgres_record"], indirect=True)
def test_a_server_that_is_away_is_unavailable(url: str) -> None:
    engine = make_engine(
        "postgresql://nobody@127.0.0.1:1/nothing?password=hunter2", connect_timeout_seconds=1
    )
    with pytest.raises(DependencyUnavailable) as caught:
        SqlCaseRecord(engine, clock=FakeClock()).head()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    engine.dispose()


@pytest.mark.stack
@pytest.mark.parametrize("url", ["postgres_record"], indirect=True)
def test_a_lost_connection_is_unavailable_once(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    with pytest.raises(DependencyUnavailable), writing(engine) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert record.apply([extraction("a", RASH)]).applied == 1


@pytest.mark.stack
@pytest.mark.parametrize("url", ["postgres_record"], indirect=True)
def test_a_statement_that_takes_too_long_is_unavailable(url: str) -> None:
    engine = make_engine(url, statement_timeout_seconds=1)
    with pytest.raises(DependencyUnavailable), reading(engine) as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    engine.dispose()


@pytest.mark.parametrize(
    "refused", ["mysql://u:hunter2@h/d", "sqlite:///:memory:?key=hunter2", "hunter2", "://hunter2@"]
)
def test_unknown_databases_are_refused_without_repeating_the_url(refused: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_engine(refused)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
