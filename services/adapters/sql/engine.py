"""Connections to the record: bounded, with timeouts, and with errors that carry no patient text.

Every read is one snapshot (`reading`), every write one transaction (`writing`). On SQLite a write
takes the write lock at its start, so that two writers wait for each other and never deadlock; on
PostgreSQL a writer that needs an order locks a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from services.core.errors import (
    AdewatchError,
    ConfigurationError,
    DependencyUnavailable,
    IntegrityError,
)

_WRITES = "adewatch_writes"


def make_engine(
    url: str,
    *,
    pool_size: int = 5,
    connect_timeout_seconds: int = 5,
    lock_timeout_seconds: int = 10,
    statement_timeout_seconds: int = 60,
    foreign_keys: bool = True,
) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`; connects to nothing yet.

    Args:
        url: the database; other kinds are refused.
        pool_size: the most connections, also the most that wait in this process at a time.
        connect_timeout_seconds: for opening a connection and for waiting for a pooled one.
        lock_timeout_seconds: for waiting for another writer.
        statement_timeout_seconds: for one statement (PostgreSQL).
        foreign_keys: enforce them on SQLite; only a migration that rebuilds tables turns it off.

    Raises:
        ConfigurationError: the URL is not of a known kind. The message does not repeat it.
    """
    target = _known(url)
    sqlite = target.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = (
        {"timeout": lock_timeout_seconds, "check_same_thread": False}
        if sqlite
        else _postgresql_arguments(
            connect_timeout_seconds, lock_timeout_seconds, statement_timeout_seconds
        )
    )
    engine = create_engine(
        target,
        connect_args=arguments,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=connect_timeout_seconds + lock_timeout_seconds,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    if sqlite:
        _prepare_sqlite(engine, foreign_keys=foreign_keys)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that commits at the end of the block.

    Raises:
        DependencyUnavailable: the database is away, too slow, or locked for too long.
        IntegrityError: it refuses a statement.
    """
    with translated(), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot for all statements of the block; nothing is written.

    Raises:
        DependencyUnavailable, IntegrityError: as `writing`.
    """
    with translated(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of the database into ours, without statement, parameters or values."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise _translation(error) from None


def _known(url: str) -> URL:
    try:
        target = make_url(url)
    except exc.ArgumentError:
        raise ConfigurationError("the database URL cannot be parsed") from None
    backend = target.get_backend_name()
    if backend == "postgresql":
        return target.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and target.database not in (None, "", ":memory:"):
        return target.set(drivername="sqlite+pysqlite")
    raise ConfigurationError("the database URL must be sqlite:///FILE or postgresql://…")


def _postgresql_arguments(connect: int, lock: int, statement: int) -> dict[str, Any]:
    settings = {
        "lock_timeout": lock * 1000,
        "statement_timeout": statement * 1000,
        "idle_in_transaction_session_timeout": statement * 1000,
        "timezone": "UTC",
    }
    return {
        "connect_timeout": connect,
        "application_name": "adewatch",
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        # A server that vanished without a word is noticed although no statement timer runs there.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": (statement + connect) * 1000,
    }


def _prepare_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver's own BEGIN comes too late, after the first read: we issue it (`on_begin`).
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _translation(error: exc.SQLAlchemyError) -> AdewatchError:
    name = type(error).__name__
    if not isinstance(error, exc.DBAPIError):
        if isinstance(error, exc.TimeoutError):
            return DependencyUnavailable("sql", "no free connection in time")
        return IntegrityError(f"the record cannot be used as asked ({name})")
    original = error.orig
    code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    detail = f"{type(original).__name__}, {code or 'no code'}"
    away = (exc.OperationalError, exc.InterfaceError, exc.InternalError)
    # Both drivers file some refusals (no such table, index row too large) under operations.
    refused = code == "SQLITE_ERROR" or str(code).startswith("54")
    if error.connection_invalidated or (isinstance(error, away) and not refused):
        return DependencyUnavailable("sql", detail)
    return IntegrityError(f"the record refuses a statement ({detail})")
