"""A Faust worker on a real broker loses nothing, whatever happens to it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from deploy.local.kafka import Kafka
from deploy.local.processes import ManagedProcess
from deploy.local.progress import Lags
from services.adapters.dead_letters import read_dead_letters, topic_of
from services.adapters.faust_worker import EXIT_FAILED
from services.adapters.kafka import KafkaPublisher, Record
from services.adapters.runner import Backoff, insist
from services.adapters.topics import TopicSpec, ensure_topics
from services.core.errors import InvalidMessage
from tests.integration.topics_seen import eventually, read_topic

pytestmark = pytest.mark.stack

MESSAGE_MAX_BYTES = 1024 * 1024
_numbers = itertools.count()


class Echo:
    """A topic, its copy, and workers that copy."""

    def __init__(self, bootstrap: str, folder: Path, *, run_directory: Path) -> None:
        name = f"echo{next(_numbers)}"
        self.bootstrap = bootstrap
        self.source, self.target = f"{name}.in", f"{name}.out"
        self.folder = folder
        self._run_directory = run_directory
        self.workers: list[subprocess.Popen[bytes]] = []
        self._publisher = KafkaPublisher(
            bootstrap, request_timeout_seconds=60, message_max_bytes=MESSAGE_MAX_BYTES
        )

    async def create(self) -> None:
        topics = [
            TopicSpec(
                name=topic,
                partitions=3,
                replication=1,
                retention_days=1,
                message_max_bytes=MESSAGE_MAX_BYTES,
            )
            for topic in (self.source, self.target, topic_of(self.source))
        ]
        await insist(
            partial(ensure_topics, self.bootstrap, topics, timeout_seconds=60),
            what="test",
            backoff=Backoff(initial_seconds=0.5, max_seconds=5.0),
        )

    async def send(self, values: list[str]) -> None:
        await self._publisher.publish(
            self.source, [(f"key-{i % 17}", value.encode()) for i, value in enumerate(values)]
        )

    async def send_empty(self) -> None:
        """A message without a value, as compaction knows it."""
        await self._publisher.send(self.source, [Record(b"key", None)])

    def start_worker(self) -> subprocess.Popen[bytes]:
        program = Path(__file__).with_name("echo_worker.py")
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, program, self.bootstrap, self.source, self.target, self.folder],
                stderr=log,
                stdout=log,
            )
        self.workers.append(worker)
        # By this it is ended if this process has no time to.
        ManagedProcess(
            name=f"{self.source}{len(self.workers)}", run_directory=self._run_directory
        ).adopt(worker.pid)
        return worker

    async def copied(self) -> Counter[str]:
        return Counter(r.value.decode() for r in await read_topic(self.bootstrap, self.target))

    async def lag(self) -> int:
        stage = f"echo-{self.source}"
        async with Lags(self.bootstrap, {stage: self.source}) as lags:
            return await lags.of(stage)

    async def finished(self) -> bool:
        return await self.lag() == 0

    async def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        await self._publisher.close()


@pytest.fixture
async def echo(kafka_stack: Kafka, stack_directory: Path, tmp_path: Path) -> AsyncIterator[Echo]:
    kafka_stack.start()
    made = Echo(kafka_stack.bootstrap, tmp_path, run_directory=stack_directory / "run")
    await made.create()
    yield made
    await made.close()


@pytest.fixture
def values() -> list[str]:
    return [f"message {number}" for number in range(600)]


async def test_everything_is_processed_and_committed_and_sigterm_ends_it(
    echo: Echo, values: list[str]
) -> None:
    await echo.send(values)
    worker = echo.start_worker()
    await eventually("all committed", echo.finished)
    assert await echo.copied() == Counter(values)
    worker.terminate()
    assert worker.wait(timeout=180) == 0


async def test_a_killed_worker_loses_nothing(echo: Echo, values: list[str]) -> None:
    await echo.send(values)
    worker = echo.start_worker()
    await eventually("some copied", lambda: some_copied(echo))
    worker.kill()
    worker.wait()
    assert not await echo.finished(), "killed too late to show anything"
    echo.start_worker()
    await eventually("all committed", echo.finished)
    assert set(await echo.copied()) == set(values)


async def test_sigterm_in_the_middle_of_a_batch_loses_nothing(
    echo: Echo, values: list[str]
) -> None:
    await echo.send(values)
    worker = echo.start_worker()
    await eventually("some copied", lambda: some_copied(echo))
    worker.terminate()
    assert worker.wait(timeout=180) == 0
    echo.start_worker()
    await eventually("all committed", echo.finished)
    assert set(await echo.copied()) == set(values)


async def test_a_dependency_that_is_away_stops_consumption_and_loses_nothing(
    echo: Echo, values: list[str]
) -> None:
    away = echo.folder / "away"
    away.touch()
    await echo.send(values)
    echo.start_worker()
    log = echo.folder / "worker.log"
    await eventually("it waits", lambda: log.read_text().count("waiting for a dependency") > 3)
    assert await echo.lag() == len(values)
    assert await echo.copied() == Counter()
    away.unlink()
    await eventually("all committed", echo.finished)
    assert await echo.copied() == Counter(values)
    assert await read_dead_letters(echo.bootstrap, echo.source, timeout_seconds=60, limit=9) == []


async def test_a_fault_stops_the_worker_before_anything_is_committed(
    echo: Echo, values: list[str]
) -> None:
    fault = echo.folder / "fault"
    fault.touch()
    await echo.send(values)
    worker = echo.start_worker()
    await eventually("it ends", lambda: worker.poll() is not None)
    assert worker.returncode == EXIT_FAILED
    assert await echo.lag() == len(values)
    fault.unlink()
    echo.start_worker()
    await eventually("all committed", echo.finished)
    assert set(await echo.copied()) == set(values)


async def test_a_worker_that_lost_its_place_in_the_group_ends(
    echo: Echo, values: list[str]
) -> None:
    worker = echo.start_worker()
    await echo.send(values[:1])
    await eventually("it has a place", echo.finished)
    lost = echo.folder / "lost"
    lost.touch()
    await eventually("it ends", lambda: worker.poll() is not None)
    assert worker.returncode == EXIT_FAILED
    lost.unlink()
    await echo.send(values[1:])
    echo.start_worker()
    await eventually("all committed", echo.finished)
    assert set(await echo.copied()) == set(values)


async def test_a_broker_that_restarts_in_mid_stream_loses_nothing(
    echo: Echo, values: list[str], kafka_stack: Kafka
) -> None:
    await echo.send(values)
    echo.start_worker()
    await eventually("some copied", lambda: some_copied(echo))
    kafka_stack.restart()
    await eventually("all committed", echo.finished)
    assert set(await echo.copied()) == set(values)


async def test_workers_that_come_and_go_lose_nothing(echo: Echo, values: list[str]) -> None:
    await echo.send(values)
    first = echo.start_worker()
    await eventually("some copied", lambda: some_copied(echo))
    echo.start_worker()
    await echo.send([f"later {value}" for value in values])
    await eventually("more copied", lambda: some_copied(echo, more_than=300))
    first.terminate()
    first.wait(timeout=180)
    await eventually("all committed", echo.finished)
    assert set(await echo.copied()) == {*values, *(f"later {value}" for value in values)}


async def test_bad_messages_are_kept_as_they_came(echo: Echo, values: list[str]) -> None:
    bad = [f"bad {number}" for number in range(20)]
    await echo.send([*values[:50], *bad, *values[50:]])
    await echo.send_empty()
    echo.start_worker()
    await eventually("all committed", echo.finished)
    letters = await read_dead_letters(echo.bootstrap, echo.source, timeout_seconds=60, limit=100)
    kept = {letter.origin.value for letter in letters}
    assert kept == {None, *(value.encode() for value in bad)}
    origins = {
        (record.partition, record.offset): record.value
        for record in await read_topic(echo.bootstrap, echo.source)
    }
    for letter in letters:
        place = (letter.origin.partition, letter.origin.offset)
        assert origins[place] == letter.origin.value
        assert (letter.stage, letter.reason) == ("echo", "bad")
    assert await echo.copied() == Counter(values)


async def some_copied(echo: Echo, *, more_than: int = 40) -> bool:
    return (await echo.copied()).total() > more_than


@pytest.mark.parametrize("size", [MESSAGE_MAX_BYTES + 32 * 1024, 2 * MESSAGE_MAX_BYTES])
async def test_a_message_too_large_for_its_topic_is_refused_and_the_next_one_is_taken(
    echo: Echo, size: int
) -> None:
    """The smaller one is refused by the broker, the larger one by the client."""
    publisher = KafkaPublisher(
        echo.bootstrap, request_timeout_seconds=60, message_max_bytes=MESSAGE_MAX_BYTES
    )
    await publisher.publish(echo.source, [("key", b"before")])
    with pytest.raises(InvalidMessage, match="too-large"):
        await publisher.publish(echo.source, [("key", b"x" * size)])
    await publisher.publish(echo.source, [("key", b"after")])
    await publisher.close()
    records = await read_topic(echo.bootstrap, echo.source)
    assert [record.value for record in records] == [b"before", b"after"]
