"""A stage as a Faust worker: one agent, one batch at a time, and nothing clever.

The agent takes batches without automatic acknowledgement (Faust acknowledges a batch even when
the code that handles it raised), hands them to the runner, and acknowledges when the runner has
brought all of them to their end. Faust keeps no tables, no leader topic and no web server.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faust
import structlog

from services.adapters.group_membership import membership_fault
from services.adapters.runner import BatchRunner
from services.adapters.transport import ContiguousTransport
from services.core.errors import IntegrityError
from services.core.ports import Message

log = structlog.get_logger(__name__)

EXIT_FAILED = 70
"""Exit status of a worker that stopped because of a fault (EX_SOFTWARE)."""

MAX_POLL_SECONDS = 1800.0
"""How long a dependency may be away before the broker gives our partitions to somebody else."""

HEARTBEAT_SECONDS = 3.0
"""How often a worker shows that it lives, and learns of a worker that came or went."""

Background = Callable[[], Awaitable[None]]


class FaustWorker:
    """Runs a stage until a signal, or until a fault."""

    def __init__(
        self,
        name: str,
        runner: BatchRunner,
        *,
        bootstrap: str,
        topic: str,
        batch_size: int,
        batch_wait_seconds: float,
        commit_interval_seconds: float,
        message_max_bytes: int,
        session_seconds: float,
        grace_seconds: float = 20.0,
        background: Sequence[Background] = (),
    ) -> None:
        self._name = name
        self._runner = runner
        self._topic = topic
        self._batch_size = batch_size
        self._batch_wait_seconds = batch_wait_seconds
        self._grace_seconds = grace_seconds
        self._background = background
        self._stopping = asyncio.Event()
        self._fault: BaseException | None = None
        self._scratch = _scratch_folder()
        self.app = faust.App(
            f"adewatch-{name}",
            datadir=self._scratch,
            broker=f"kafka://{bootstrap}",
            store="memory://",
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            consumer_auto_offset_reset="earliest",
            broker_commit_interval=commit_interval_seconds,
            # A worker that died without a word is replaced after this long.
            broker_session_timeout=session_seconds,
            broker_heartbeat_interval=min(HEARTBEAT_SECONDS, session_seconds / 3),
            broker_max_poll_interval=MAX_POLL_SECONDS,
            broker_max_poll_records=batch_size,
            consumer_max_fetch_size=message_max_bytes,
            stream_buffer_maxsize=2 * batch_size,
            # Unacknowledged messages are offered again: waiting for them would only hang.
            stream_wait_empty=False,
            stream_publish_on_commit=False,
        )
        self.app.transport = ContiguousTransport(self.app.conf.broker, self.app)
        source = self.app.topic(
            topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )
        self.app.agent(source, name=name, concurrency=1)(self._consume)

    async def run(self) -> int:
        """Work until SIGTERM or SIGINT.

        Returns:
            The exit status: 0 after a signal, EXIT_FAILED after a fault.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        recovering = asyncio.create_task(self._runner.recover())
        if await self._first(recovering):
            await self.app.start()
            tasks = [asyncio.create_task(self._guard(task)) for task in self._background]
            tasks.append(asyncio.create_task(self._watch_app()))
            log.info("worker started", stage=self._name, topic=self._topic)
            await self._stopping.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._stop_app()
        log.info("worker stopped", stage=self._name, fault=self._fault is not None)
        return EXIT_FAILED if self._fault else 0

    async def _consume(self, stream: Any) -> None:
        async for events in stream.noack_take(self._batch_size, within=self._batch_wait_seconds):
            if self._stopping.is_set():
                return
            try:
                await self._runner.run([_message(event) for event in events])
            except IntegrityError as error:
                log.error("stage stops", stage=self._name, reason=str(error))
                self._fail(error)
                return
            except Exception as error:
                log.exception("worker fault", stage=self._name)
                self._fail(error)
                return
            for event in events:
                await stream.ack(event)

    async def _guard(self, task: Background) -> None:
        try:
            await task()
        except Exception as error:
            log.exception("background task failed", stage=self._name)
            self._fail(error)

    async def _watch_app(self) -> None:
        while not self.app.should_stop:
            if (lost := membership_fault(self.app.consumer)) is not None:
                log.error("place in the group lost", stage=self._name, reason=type(lost).__name__)
                self._fail(lost)
                return
            await asyncio.sleep(0.5)  # Faust offers no event for a crash
        if not self._stopping.is_set():
            self._fail(self.app.crash_reason or RuntimeError("Faust stopped by itself"))

    async def _first(self, task: asyncio.Task[None]) -> bool:
        """Whether the task finished before a signal came."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            return False
        if (error := task.exception()) is not None:
            log.error("recovery failed", stage=self._name, exc_info=error)
            self._fail(error)
            return False
        return True

    async def _stop_app(self) -> None:
        try:
            await asyncio.wait_for(self.app.stop(), self._grace_seconds)
        except TimeoutError:
            # Nothing unfinished is committed, so leaving at once loses nothing.
            log.warning("worker did not stop in time", stage=self._name)
            shutil.rmtree(self._scratch, ignore_errors=True)
            os._exit(EXIT_FAILED)

    def _fail(self, error: BaseException) -> None:
        self._fault = self._fault or error
        self._stopping.set()

    def _stop(self) -> None:
        self._stopping.set()


def _message(event: Any) -> Message:
    message = event.message
    return Message(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=datetime.fromtimestamp(message.timestamp, UTC),
        key=message.key,
        value=message.value,
        headers={name: value or b"" for name, value in _headers(message.headers)},
    )


def _headers(headers: Any) -> list[tuple[str, bytes | None]]:
    if not headers:
        return []
    return list(headers.items() if hasattr(headers, "items") else headers)


def _scratch_folder() -> Path:
    """For Faust's folders of tables, of which there are none: not where the worker stands."""
    folder = Path(tempfile.mkdtemp(prefix="adewatch-faust-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
