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
from sqlalchemy import inspect

from services.adapters import sql
from services.adapters.sql import migrate
from services.adapters.sql.base import metadata
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.engine import reading
from tests.connections import record_engine
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import RASH, extraction

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


def test_processes_that_upgrade_at_once_make_one_ledger(url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        revisions = set(pool.map(lambda _: migrate.upgrade(url), range(3)))
    assert revisions == {migrate.current(url)}
    assert ledger(url)
