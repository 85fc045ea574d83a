"""Moves a record to another schema. The migrations themselves lie in `deploy/migrations`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from services.adapters.sql.engine import make_engine, reading, writing
from services.core.errors import ConfigurationError

# Beside `services` in a checkout, in an installed wheel and in the container alike.
SCRIPTS = Path(__file__).resolve().parents[3] / "deploy" / "migrations"

# A migration that gives up stops a deployment, so it waits longer for a server than a worker does.
_PATIENCE_SECONDS = 60

_LOCK = 0x61646577  # "adew": one migration at a time, whoever starts it


def upgrade(url: str, *, revision: str = "head") -> str | None:
    """Bring the database to a revision, by default the newest, in one transaction.

    Safe to call from several processes at once: the later ones find nothing to do.

    Returns:
        The revision the database is at now.

    Raises:
        DependencyUnavailable: the database is away or locked for too long.
        ConfigurationError: the migrations are not installed.
    """
    _run(url, revision, command.upgrade)
    return current(url)


def downgrade(url: str, *, revision: str) -> str | None:
    """Take the database back to an earlier revision ("base": to nothing); data is lost."""
    _run(url, revision, command.downgrade)
    return current(url)


def current(url: str) -> str | None:
    """The revision of the database, None if it has no schema yet."""
    engine = make_engine(url, connect_timeout_seconds=_PATIENCE_SECONDS)
    try:
        with reading(engine) as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def _run(url: str, revision: str, step: Callable[[Config, str], None]) -> None:
    if not (SCRIPTS / "env.py").is_file():
        raise ConfigurationError("deploy/migrations is missing beside the package services")
    # A table that SQLite rebuilds is dropped first: its children must not notice.
    engine = make_engine(
        url,
        connect_timeout_seconds=_PATIENCE_SECONDS,
        statement_timeout_seconds=3600,
        foreign_keys=False,
    )
    try:
        with writing(engine) as connection:
            _wait_for_others(connection)
            config = Config()
            config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
            config.attributes["connection"] = connection
            step(config, revision)
    finally:
        engine.dispose()


def _wait_for_others(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
