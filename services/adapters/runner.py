"""Batches of messages through a stage, to the end that each deserves.

Every message ends in exactly one of: processed, offered again, dead-lettered. A dependency that is
away is waited for without reading on. What is wrong with a message is never retried. What is
wrong with us stops the worker before anything is committed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from services.adapters.metrics import StageMetrics
from services.core.errors import DependencyUnavailable, IntegrityError
from services.core.ports import DeadLetters, Message, Rejected, Stage

T = TypeVar("T")

log = structlog.get_logger(__name__)

INTERNAL_ERROR = "internal-error"


class TooManyDeadLettersError(IntegrityError):
    """So much input is refused that the fault is probably ours."""


class RejectionCap:
    """The share of rejected messages among the last ones; above the cap the stage must stop."""

    def __init__(self, *, window: int, max_ratio: float) -> None:
        self._recent: deque[bool] = deque(maxlen=window)
        self._window = window
        self._max_ratio = max_ratio

    def count(self, *, processed: int, rejected: int) -> None:
        """Add a batch.

        Raises:
            TooManyDeadLettersError: a full window has more rejected messages than allowed.
        """
        self._recent.extend([False] * processed)
        self._recent.extend([True] * rejected)
        share = sum(self._recent) / self._window
        if len(self._recent) == self._window and share > self._max_ratio:
            raise TooManyDeadLettersError(
                f"{share:.0%} of the last {self._window} messages were refused"
            )


class Backoff:
    """Growing waits between attempts, cut short when the worker stops."""

    def __init__(
        self,
        *,
        initial_seconds: float,
        max_seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._initial_seconds = initial_seconds
        self._max_seconds = max_seconds
        self._sleep = sleep

    async def wait(self, attempt: int) -> None:
        """Wait after failed attempt number `attempt`, counted from 1."""
        seconds = self._initial_seconds * 2.0 ** min(attempt - 1, 30)
        await self._sleep(min(self._max_seconds, seconds))


class BatchRunner:
    """Drives one stage."""

    def __init__(
        self,
        stage: Stage,
        dead_letters: DeadLetters,
        *,
        backoff: Backoff,
        cap: RejectionCap,
        metrics: StageMetrics,
    ) -> None:
        self._stage = stage
        self._dead_letters = dead_letters
        self._backoff = backoff
        self._cap = cap
        self._metrics = metrics

    async def recover(self) -> None:
        """Let the stage finish what an earlier process left."""
        await self._insist(self._stage.recover)

    async def run(self, messages: Sequence[Message]) -> None:
        """Bring a batch to its end; on return all of it may be committed.

        Raises:
            IntegrityError: nothing of the batch may be committed, the worker must stop.
        """
        rejected: list[Rejected] = []

        async def attempt() -> None:
            rejected[:] = await self._process(messages)
            if rejected:
                await self._dead_letters.keep(self._stage.name, rejected)

        with self._metrics.batch(len(messages)):
            await self._insist(attempt)
        for letter in rejected:
            self._metrics.rejected(letter.reason)
            log.warning(
                "dead letter",
                stage=self._stage.name,
                reason=letter.reason,
                topic=letter.message.topic,
                partition=letter.message.partition,
                offset=letter.message.offset,
            )
        # A feed that sends a PDF beside every text is no fault of ours.
        lost = sum(not letter.partly for letter in rejected)
        self._cap.count(processed=len(messages) - lost, rejected=lost)

    async def _process(self, messages: Sequence[Message]) -> list[Rejected]:
        try:
            return list(await self._stage.process(messages))
        except (DependencyUnavailable, IntegrityError):
            raise
        except Exception as error:
            log.exception("batch failed", stage=self._stage.name, messages=len(messages))
            if len(messages) == 1:
                return [Rejected(messages[0], INTERNAL_ERROR, type(error).__name__)]
        # Some message of the batch breaks the stage: halve until it stands alone.
        middle = len(messages) // 2
        return [*await self._process(messages[:middle]), *await self._process(messages[middle:])]

    async def _insist(self, attempt: Callable[[], Awaitable[None]]) -> None:
        await insist(
            attempt,
            what=self._stage.name,
            backoff=self._backoff,
            on_unavailable=self._metrics.unavailable,
        )


async def insist(
    attempt: Callable[[], Awaitable[T]],
    *,
    what: str,
    backoff: Backoff,
    on_unavailable: Callable[[str], None] = lambda dependency: None,
) -> T:
    """Try until the dependencies are there. The caller reads nothing meanwhile."""
    failures = 0
    while True:
        try:
            return await attempt()
        except DependencyUnavailable as error:
            failures += 1
            on_unavailable(error.dependency)
            log.warning(
                "waiting for a dependency",
                what=what,
                dependency=error.dependency,
                detail=error.detail,
                failures=failures,
            )
            await backoff.wait(failures)
