"""The migrations lead to what the models say, forth and back, on both databases."""

from __future__ import annotations

import importlib
import pkgutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert, inspect, select

from services.adapters import sql
from services.adapters.sql import ledger as sql_ledger
from services.adapters.sql import migrate
from services.adapters.sql.base import metadata
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.engine import reading, writing
from services.adapters.sql.former_names import former_names
from services.adapters.sql.rows import Row, evidence_rows, note_row
from services.core import identity
from services.core.contracts import Coding, Named
from services.core.counting_ports import Resettled
from services.core.counts import COUNTED, case_delta, combine
from tests.connections import record_engine
from tests.fakes.clock import START, FakeClock
from tests.fakes.episodes import counts, merge
from tests.fakes.extractions import COUGH, RASH, extraction, retraction

for _module in pkgutil.iter_modules(sql.__path__):
    # Importing a module of tables adds them to the metadata.
    importlib.import_module(f"{sql.__name__}.{_module.name}")


@pytest.fixture(params=["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.stack)])
def url(request: pytest.FixtureRequest) -> str:
    database: str = request.getfixturevalue(request.param)
    return database


def difference(url: str) -> list[object]:
    engine = record_engine(url)
    with reading(engine) as connection:
        found = list(compare_metadata(MigrationContext.configure(connection), metadata))
    engine.dispose()
    return found


def tables(url: str) -> set[str]:
    engine = record_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def ledger(url: str) -> str:
    engine = record_engine(url)
    found = SqlCaseRecord(engine, clock=FakeClock()).ledger_id()
    engine.dispose()
    return found


def test_there_is_one_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_models_and_migrations_agree(url: str) -> None:
    assert migrate.current(url) is None
    assert difference(url)
    assert migrate.upgrade(url) == migrate.current(url) is not None
    assert difference(url) == []
    assert tables(url) == {*metadata.tables, "alembic_version"}


def test_every_constraint_and_index_has_the_name_of_the_convention(url: str) -> None:
    migrate.upgrade(url)
    engine = record_engine(url)
    inspector = inspect(engine)
    for name, table in metadata.tables.items():
        assert inspector.get_pk_constraint(name)["name"] == table.primary_key.name
        for kind, found in (
            ("fk", inspector.get_foreign_keys(name)),
            ("ck", inspector.get_check_constraints(name)),
            ("uq", inspector.get_unique_constraints(name)),
        ):
            expected = {
                str(constraint.name)
                for constraint in table.constraints
                if str(constraint.name).startswith(f"{kind}_")
            }
            assert {constraint["name"] for constraint in found} == expected
    engine.dispose()


def test_the_way_back_leaves_nothing_and_can_be_gone_again(url: str) -> None:
    migrate.upgrade(url)
    first = ledger(url)
    assert migrate.downgrade(url, revision="base") is None
    assert tables(url) == {"alembic_version"}
    migrate.upgrade(url)
    assert difference(url) == []
    assert ledger(url) != first


def test_upgrading_again_keeps_everything(url: str) -> None:
    migrate.upgrade(url)
    engine = record_engine(url)
    record = SqlCaseRecord(engine, clock=FakeClock())
    record.apply([extraction("a", RASH)])
    before = (record.ledger_id(), record.counts())
    migrate.upgrade(url)
    assert (record.ledger_id(), record.counts()) == before
    engine.dispose()


def insert_as_then(connection: Connection, name: str, rows: list[Row]) -> None:
    """Rows of today, without the columns that the table does not have yet."""
    then = Table(name, MetaData(), autoload_with=connection)
    connection.execute(
        insert(then), [{column.name: row[column.name] for column in then.columns} for row in rows]
    )


@pytest.mark.parametrize("revision", ["0001", "0004", "0006", "0007", "0009"])
def test_what_an_earlier_schema_counted_is_counted_on(url: str, revision: str) -> None:
    notes = [
        extraction("a", RASH),
        extraction("b", RASH, COUGH),
        extraction("c", RASH, patient="q"),
    ]
    migrate.upgrade(url, revision=revision)
    engine = record_engine(url)
    with writing(engine) as connection:
        insert_as_then(connection, "note", [note_row(note, recorded_at=START) for note in notes])
        rows: list[Row] = []
        for note in notes:
            patient = identity.case_key(note.patient_key)
            rows += evidence_rows(note, person_key=patient, counted=COUNTED)
        insert_as_then(connection, "evidence", rows)
        delta = combine([case_delta(set(), {RASH, COUGH}), case_delta(set(), {RASH})])
        sql_ledger.append(connection, 1, delta, at=START)
    engine.dispose()
    migrate.upgrade(url)
    engine = record_engine(url)
    record = SqlCaseRecord(engine, clock=FakeClock())
    assert counts(record) == delta
    # Of the texts of one patient, all alike, one is original.
    assert record.resettle() == Resettled(read=4, moved=1, sequence=None)
    record.apply([retraction("b")])
    assert counts(record).pairs == {RASH: 2}
    record.merge([merge("q", "patient-1")])
    assert counts(record).pairs == {RASH: 1}
    engine.dispose()


def test_former_names_from_before_their_codings_were_kept_stay(url: str) -> None:
    note = extraction("a", RASH)
    patient = identity.case_key(note.patient_key)
    migrate.upgrade(url, revision="0009")
    engine = record_engine(url)
    former = {"note_key": note.note_key, "position": 0, "remapping_id": 1, "drug": RASH.drug,
              "vocabulary_version": "old", "drug_system": "MeSH", "drug_code": "D000658",
              "event": "hives", "event_system": None, "event_code": None}  # fmt: skip
    recount = {"remapping_id": 1, "vocabulary_version": "words-1", "renamed": 1,
               "ledger_sequence": None, "remapped_at": START}  # fmt: skip
    with writing(engine) as connection:
        insert_as_then(connection, "note", [note_row(note, recorded_at=START)])
        rows = evidence_rows(note, person_key=patient, counted=COUNTED)
        insert_as_then(connection, "evidence", rows)
        insert_as_then(connection, "remapping", [recount])
        insert_as_then(connection, "former_concept", [former])
    migrate.upgrade(url)
    (found,) = former_names(engine, RASH)
    assert found.drug == Named(RASH.drug, Coding("MeSH", "D000658", "", 0.0))
    assert (found.event, found.relations) == (Named("hives", None), 1)
    engine.dispose()
    migrate.downgrade(url, revision="0009")
    engine = record_engine(url)
    with reading(engine) as connection:
        then = Table("former_concept", MetaData(), autoload_with=connection)
        assert [dict(row) for row in connection.execute(select(then)).mappings()] == [former]
    engine.dispose()


def test_processes_that_upgrade_at_once_make_one_ledger(url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        revisions = set(pool.map(lambda _: migrate.upgrade(url), range(3)))
    assert revisions == {migrate.current(url)}
    assert ledger(url)
