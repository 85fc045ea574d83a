"""A worker's place in its consumer group, looked after.

aiokafka keeps that place in a task of its own and tells the task's errors to whoever polls the
consumer. Faust reads fetched messages without polling (0.15.3): an error waits to be heard for
ever, and the worker lives on and reads nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError


def membership_fault(consumer: Any) -> BaseException | None:
    """Why a worker has lost its place for good; errors that pass are heard, so that it goes on.

    Args:
        consumer: of Faust, in any state.
    """
    thread = consumer._thread
    if thread is None or thread._consumer is None:
        return None
    coordinator = thread._consumer._coordinator
    if coordinator is None or coordinator._closing.done():
        return None
    task = coordinator._coordination_task
    if task.done():
        reason = None if task.cancelled() else task.exception()
        return reason or RuntimeError("the task that keeps the place in the group has ended")
    error: BaseException | None = coordinator._pending_exception
    if isinstance(error, KafkaError) and error.retriable:
        thread.thread_loop.call_soon_threadsafe(_hear, coordinator)
        return None
    return error


def _hear(coordinator: Any) -> None:
    with suppress(KafkaError):
        coordinator.check_errors()
