"""A worker with a stage that copies its topic, run as a process by test_faust_worker.py.

    python echo_worker.py BOOTSTRAP SOURCE TARGET FOLDER

While FOLDER/away exists its dependency is away; once FOLDER/fault exists its books contradict
each other; once FOLDER/lost exists it loses its place in its group.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from services.adapters.dead_letters import KafkaDeadLetters
from services.adapters.faust_worker import FaustWorker
from services.adapters.kafka import KafkaPublisher, Record
from services.adapters.logs import configure
from services.adapters.metrics import StageMetrics
from services.adapters.runner import Backoff, BatchRunner, RejectionCap
from services.core.errors import DependencyUnavailable, IntegrityError
from services.core.ports import Message, Rejected

MESSAGE_MAX_BYTES = 1024 * 1024


class EchoStage:
    name = "echo"

    def __init__(self, publisher: KafkaPublisher, target: str, folder: Path) -> None:
        self._publisher = publisher
        self._target = target
        self._folder = folder

    async def recover(self) -> None:
        return None

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        if (self._folder / "away").exists():
            raise DependencyUnavailable("echo")
        if (self._folder / "fault").exists():
            raise IntegrityError("asked to")
        bad = [Rejected(m, "bad", "") for m in messages if not m.value or b"bad" in m.value]
        refused = {letter.message.offset for letter in bad}
        await asyncio.sleep(0.002 * len(messages))
        await self._publisher.send(
            self._target,
            [Record(m.key, m.value) for m in messages if m.offset not in refused],
        )
        return bad


async def lose_place(worker: FaustWorker, folder: Path) -> None:
    """End the task that keeps the place, as an error in it does."""
    while not (folder / "lost").exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.1)
    thread = worker.app.consumer._thread
    thread.thread_loop.call_soon_threadsafe(thread._consumer._coordinator._coordination_task.cancel)


async def main(bootstrap: str, source: str, target: str, folder: str) -> int:
    configure("INFO")
    publisher = KafkaPublisher(
        bootstrap, request_timeout_seconds=60, message_max_bytes=MESSAGE_MAX_BYTES
    )
    runner = BatchRunner(
        EchoStage(publisher, target, Path(folder)),
        KafkaDeadLetters(publisher),
        backoff=Backoff(initial_seconds=0.1, max_seconds=0.5),
        cap=RejectionCap(window=10_000, max_ratio=0.5),
        metrics=StageMetrics("echo"),
    )
    worker: FaustWorker = FaustWorker(
        f"echo-{source}",
        runner,
        bootstrap=bootstrap,
        topic=source,
        batch_size=20,
        batch_wait_seconds=0.1,
        commit_interval_seconds=0.2,
        message_max_bytes=MESSAGE_MAX_BYTES,
        session_seconds=30.0,
        background=(lambda: lose_place(worker, Path(folder)),),
    )
    try:
        return await worker.run()
    finally:
        await publisher.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
