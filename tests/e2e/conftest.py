"""One service for all end-to-end tests: real Triton, Kafka, Redis and five worker processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.layout import STATE, install
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from tests.e2e.service import Service

SETTINGS = {
    "ADEWATCH_RESCORE_INTERVAL_SECONDS": "2",
    "ADEWATCH_RETRY_MAX_SECONDS": "2",
}


@pytest.fixture(scope="package")
def stack(stack_directory: Path) -> Iterator[Stack]:
    """The running stack, stopped after the last end-to-end test."""
    folder = stack_directory / "e2e"
    folder.mkdir()
    made = Stack(
        directory=folder,
        installed=install(STATE, progress=print),
        ports=Ports.choose(),
        settings=SETTINGS,
    )
    made.start(progress=print)
    yield made
    made.stop()


@pytest.fixture
async def service(stack: Stack) -> AsyncIterator[Service]:
    """The service with all its processes running."""
    for component in stack.components:
        component.start()
    made = Service(stack)
    yield made
    await made.close()
