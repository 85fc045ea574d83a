"""A worker that reads nothing any more must not look as if it worked."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, RequestTimedOutError
from faust.transport.drivers import aiokafka as driver

from services.adapters.group_membership import membership_fault


class Coordinator:
    """What aiokafka knows of a place in a group."""

    def __init__(self, task: asyncio.Future[None], error: BaseException | None = None) -> None:
        self._coordination_task = task
        self._closing = asyncio.get_running_loop().create_future()
        self._pending_exception = error
        self.heard = 0

    def check_errors(self) -> None:
        self.heard += 1
        error, self._pending_exception = self._pending_exception, None
        assert error is not None
        raise error


def consumer(coordinator: Coordinator | None) -> Any:
    """A consumer of Faust, as far as is looked at."""
    kafka = None if coordinator is None else SimpleNamespace(_coordinator=coordinator)
    loop = asyncio.get_running_loop()
    return SimpleNamespace(_thread=SimpleNamespace(_consumer=kafka, thread_loop=loop))


def pending() -> asyncio.Future[None]:
    """A task that has not ended."""
    return asyncio.get_running_loop().create_future()


async def test_a_worker_that_starts_or_works_or_stops_has_no_fault() -> None:
    task = pending()
    coordinator = Coordinator(task)
    assert membership_fault(consumer(None)) is None
    assert membership_fault(consumer(coordinator)) is None
    coordinator._closing.set_result(None)
    task.set_result(None)
    assert membership_fault(consumer(coordinator)) is None


async def test_a_task_that_failed_is_a_fault() -> None:
    task = pending()
    error = KafkaError("no")
    task.set_exception(error)
    assert membership_fault(consumer(Coordinator(task))) is error


@pytest.mark.parametrize("end", [asyncio.Future.cancel, lambda task: task.set_result(None)])
async def test_a_task_that_ended_is_a_fault(end: Any) -> None:
    task = pending()
    end(task)
    assert isinstance(membership_fault(consumer(Coordinator(task))), RuntimeError)


async def test_an_error_that_passes_is_heard_so_that_the_task_goes_on() -> None:
    coordinator = Coordinator(pending(), RequestTimedOutError())
    assert membership_fault(consumer(coordinator)) is None
    await asyncio.sleep(0)
    assert coordinator.heard == 1
    assert membership_fault(consumer(coordinator)) is None
    await asyncio.sleep(0)
    assert coordinator.heard == 1


@pytest.mark.parametrize("error", [GroupAuthorizationFailedError("group"), AssertionError()])
async def test_an_error_that_does_not_pass_is_a_fault(error: BaseException) -> None:
    assert membership_fault(consumer(Coordinator(pending(), error))) is error


def test_the_trap_is_real() -> None:
    """When this fails, Faust has changed, and our own code may be unnecessary."""
    assert "check_errors" not in inspect.getsource(driver)
