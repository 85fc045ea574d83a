"""Real components for the tests, started when the first test asks and stopped at the end.

kafka_stack     a broker: .bootstrap, .stop(), .start(), .restart(), .kill()
redis_server    a server: .url, .stop(), .start(), .restart(), .kill()
redis_url       its URL, with the server emptied before the test
triton_server   a server with the repository's models: .grpc, .http, .metrics, .restart(), …
postgres_url    an empty database of a real server, for one test
sqlite_url      an empty database in a file, for one test
…_record        the same with the record's schema: copies, because migrating takes longer

`TMPDIR` and all of these lie in memory if it has room: a disk can take 30 ms for each commit.

Tests that use them carry the marker `stack` (those with SQLite need none).
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings

from deploy.local.kafka import Kafka
from deploy.local.layout import REPOSITORY, STATE, install_kafka, install_triton_server
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis
from deploy.local.triton import Triton
from deploy.local.workspaces import claim, release, volatile
from services.adapters.sql import migrate
from tests.distribution import FileTimes, Groups, needs_whole_stack

# How fast a machine is says nothing of the code: a hanging test ends by pytest's own timeout.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")

_WORKSPACE = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this session; end on SIGTERM as on Ctrl-C, so that all is stopped."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    parent = volatile(STATE)
    config.stash[_WORKSPACE] = folder = claim(parent / "tests")
    if parent != STATE:  # in memory: for temporary files as well
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Share the processors as `tests.distribution` says."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        config.pluginmanager.register(FileTimes(lambda line: terminal.write(f"\n{line}\n")))
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: not needs_whole_stack(item.nodeid))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing of this session outlives it."""
    release(config.stash[_WORKSPACE])


@pytest.fixture(scope="session")
def stack_directory(pytestconfig: pytest.Config) -> Iterator[Path]:
    """A folder for the components of this session."""
    folder = pytestconfig.stash[_WORKSPACE] / "stack"
    folder.mkdir()
    yield folder
    release(folder)


@pytest.fixture(scope="session")
def kafka_stack(stack_directory: Path) -> Iterator[Kafka]:
    """A running broker."""
    broker = Kafka(
        data_directory=stack_directory / "kafka",
        run_directory=stack_directory / "run",
        jars=install_kafka(STATE, progress=_say),
        port=free_port(),
        controller_port=free_port(),
    )
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def redis_server(stack_directory: Path) -> Iterator[Redis]:
    """A running server."""
    server = Redis(
        data_directory=stack_directory / "redis",
        run_directory=stack_directory / "run",
        port=free_port(),
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The URL of an empty server."""
    redis_server.start()  # a test before this one may have stopped it
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def triton_server(triton_process: Triton) -> Triton:
    """A running server with the models of the repository, as after a restart if it had ended."""
    triton_process.start()
    return triton_process


@pytest.fixture(scope="session")
def triton_process(stack_directory: Path) -> Iterator[Triton]:
    """The server of this session."""
    server = Triton(
        environment=install_triton_server(STATE, progress=_say),
        model_repository=REPOSITORY / "model_repository",
        run_directory=stack_directory / "run",
        grpc_port=free_port(),
        http_port=free_port(),
        metrics_port=free_port(),
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server(stack_directory: Path) -> Iterator[Postgres]:
    """A running server."""
    server = Postgres(run_directory=stack_directory / "run")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """An empty PostgreSQL database."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def postgres_schema(postgres_server: Postgres) -> str:
    """The name of a migrated PostgreSQL database without rows."""
    name = "migrated"
    migrate.upgrade(postgres_server.create_database(name))
    return name


@pytest.fixture
def postgres_record(postgres_server: Postgres, postgres_schema: str) -> Iterator[str]:
    """A migrated PostgreSQL database without rows."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_server.create_database(name, like=postgres_schema)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty SQLite database."""
    return _sqlite(tmp_path / "adewatch.sqlite")


@pytest.fixture(scope="session")
def sqlite_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a migrated SQLite database without rows."""
    path = tmp_path_factory.mktemp("schema") / "migrated.sqlite"
    migrate.upgrade(_sqlite(path))
    return path


@pytest.fixture
def sqlite_record(sqlite_schema: Path, tmp_path: Path) -> str:
    """A migrated SQLite database without rows."""
    return _sqlite(Path(shutil.copy(sqlite_schema, tmp_path / "adewatch.sqlite")))


def _sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


def _say(message: str) -> None:
    # Shown with the failure, if there is one.
    print(message)
