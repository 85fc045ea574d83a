"""A worker's place in its consumer group, looked after.

aiokafka keeps that place in a task of its own and tells the task's errors to whoever polls the
consumer. Faust reads fetched messages without polling. Found in faust-streaming 0.15.3 with
aiokafka 0.14, each with a test in tests/unit/adapters/test_group_membership.py:

- An error waits to be heard, for ever: the worker lives on and reads nothing.
- A broker that is starting may answer with an empty list of brokers. Whoever looks for the group's
  coordinator then ends the task by an assertion, with the same outcome.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError, NodeNotReadyError


def wait_for_brokers(client: Any) -> None:
    """Let a client that knows no broker yet look for a coordinator again, as after other errors.

    Args:
        client: an `aiokafka.client.AIOKafkaClient`.
    """
    look_up = client.coordinator_lookup

    async def patiently(kind: Any, key: str) -> int:
        if client.get_random_node() is None:
            raise NodeNotReadyError("no broker is known yet")
        node: int = await look_up(kind, key)
        return node

    client.coordinator_lookup = patiently


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
