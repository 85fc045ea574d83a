"""Which tests share a process, and what is said of their times."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.distribution import FileTimes, group_of


def test_tests_of_whole_stacks_share_a_process() -> None:
    groups = {
        group_of("tests/integration/test_webhooks.py::test_a"),
        group_of("tests/e2e/test_main_job.py::test_b[1-2]"),
    }
    assert len(groups) == 1


def test_other_tests_share_one_with_those_of_their_file() -> None:
    one, same, other = (
        group_of(f"tests/contract/{name}") for name in ("a.py::x", "a.py::y[a::b]", "b.py::x")
    )
    assert one == same != other


def test_the_time_of_a_file_is_said_when_its_process_goes_on() -> None:
    said: list[str] = []
    times = FileTimes(said.append)
    times.pytest_runtest_logreport(_report("a.py", "setup", 1.0, worker="gw0"))
    times.pytest_runtest_logreport(_report("b.py", "call", 2.0, worker="gw1"))
    times.pytest_runtest_logreport(_report("a.py", "call", 0.5, worker="gw0"))
    assert said == []

    times.pytest_runtest_logreport(_report("c.py", "call", 4.0, worker="gw0"))
    assert [line.split() for line in said] == [["1.5", "s", "a.py", "(1)"]]

    times.pytest_sessionfinish()
    assert [line.split()[2] for line in said] == ["a.py", "c.py", "b.py"]


def _report(
    file: str, when: Literal["setup", "call", "teardown"], seconds: float, *, worker: str
) -> pytest.TestReport:
    report = pytest.TestReport(
        nodeid=f"{file}::test",
        location=(file, 1, "test"),
        keywords={},
        outcome="passed",
        longrepr=None,
        when=when,
        duration=seconds,
    )
    report.__dict__["worker_id"] = worker
    return report
