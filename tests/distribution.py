"""How the tests share the processors.

Servers are dear to start: the tests of whole stacks, which need Kafka and Triton, follow each
other in one process, first because they take longest. The others run beside it, file by file.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from xdist.scheduler import LoadScopeScheduling

_WITH_WHOLE_STACK = ("tests/integration/", "tests/e2e/")


def needs_whole_stack(nodeid: str) -> bool:
    """Whether a test is one of those that follow each other in one process."""
    return nodeid.startswith(_WITH_WHOLE_STACK)


def group_of(nodeid: str) -> str:
    """What runs in one process: the tests with a whole stack, or the tests of a file."""
    return "whole stack" if needs_whole_stack(nodeid) else _file(nodeid)


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Groups of tests, each given to the next idle process."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


class FileTimes:
    """Says the time of each file when its process goes on to the next one.

    What takes long is then seen even when a run is cut.

    Args:
        say: shows a line.
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._current: dict[str, tuple[str, int, float]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the time of a part of a test."""
        worker, file = getattr(report, "worker_id", ""), _file(report.nodeid)
        before, tests, seconds = self._current.get(worker, (file, 0, 0.0))
        if before != file:
            self._say(_line(before, tests, seconds))
            tests, seconds = 0, 0.0
        tests += report.when == "call"
        self._current[worker] = (file, tests, seconds + report.duration)

    def pytest_sessionfinish(self) -> None:
        """Say what the last files took."""
        for current in self._current.values():
            self._say(_line(*current))
        self._current.clear()


def _line(file: str, tests: int, seconds: float) -> str:
    return f"{seconds:8.1f} s  {file} ({tests})"


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
