"""Work on a schedule beside a stage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.core.errors import DependencyUnavailable

log = structlog.get_logger(__name__)


def repeat(
    work: Callable[[], Awaitable[object]],
    *,
    every_seconds: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Callable[[], Awaitable[None]]:
    """A task that works, waits, and works again. A dependency that is away is tried next time;
    any other error ends the task."""

    async def task() -> None:
        while True:
            try:
                await work()
            except DependencyUnavailable as error:
                log.warning(
                    "scheduled work postponed", dependency=error.dependency, detail=error.detail
                )
            await sleep(every_seconds)

    return task
