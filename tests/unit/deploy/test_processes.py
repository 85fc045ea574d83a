"""Processes are found again, ended whole, and never confused with others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.errors import NotReady
from deploy.local.processes import Identity, Launch, ManagedProcess

# Says when it is ready, and has a child of its own.
PARENT = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("child", child.pid, flush=True)
signal.pause()
"""
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""
READY = "print('ready', flush=True); import signal; signal.pause()"


class Processes:
    """Makes managed processes of Python code and ends them after the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._made: list[ManagedProcess] = []

    def make(self, name: str = "thing") -> ManagedProcess:
        process = ManagedProcess(name=name, run_directory=self.directory)
        self._made.append(process)
        return process

    def start(self, code: str, *, until: str = "ready", name: str = "thing") -> ManagedProcess:
        process = self.make(name)
        process.launch(self.launch(code))
        process.wait_until(lambda: until in process.log_since_start(), timeout_seconds=30)
        return process

    def launch(self, code: str) -> Launch:
        return Launch(argv=[sys.executable, "-c", code], environment={}, directory=self.directory)

    def end(self) -> None:
        for process in self._made:
            process.kill()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path)
    yield made
    made.end()


def test_another_object_finds_and_stops_what_one_has_started(processes: Processes) -> None:
    started = processes.start(READY)
    found = processes.make()
    assert found.is_running()
    found.stop(grace_seconds=10)
    assert not started.is_running()
    assert found.identity() is None


def test_starting_what_runs_starts_no_second_one(processes: Processes) -> None:
    process = processes.start(READY)
    before = process.identity()
    process.launch(processes.launch(READY))
    assert process.identity() == before


def test_killing_takes_the_children_along(processes: Processes) -> None:
    process = processes.start(PARENT, until="child")
    child = psutil.Process(int(process.log_since_start().split()[1]))
    process.kill()
    assert not _lives(child)


def test_children_of_a_leader_that_died_are_still_ended(processes: Processes) -> None:
    process = processes.start(PARENT, until="child")
    child = psutil.Process(int(process.log_since_start().split()[1]))
    leader = process.leader()
    assert leader is not None
    leader.kill()
    leader.wait()
    assert _lives(child)

    process.stop(grace_seconds=10)

    assert not _lives(child)


def test_who_ignores_sigterm_is_killed_after_the_grace(processes: Processes) -> None:
    process = processes.start(STUBBORN)
    process.stop(grace_seconds=0.2)
    assert not process.is_running()


def test_a_pid_that_belongs_to_somebody_else_by_now_is_never_signalled(
    processes: Processes, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True
    ) as innocent:
        (tmp_path / "thing.pid").write_text(
            json.dumps({"pid": innocent.pid, "started": "0123abcd-1000"})
        )
        process = processes.make()
        assert not process.is_running()
        process.stop(grace_seconds=1)
        assert innocent.poll() is None
        innocent.kill()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "who": 2}'])
def test_a_damaged_pid_file_means_not_running(
    processes: Processes, tmp_path: Path, content: str
) -> None:
    (tmp_path / "thing.pid").write_text(content)
    assert not processes.make().is_running()


def test_one_that_ends_early_says_why(processes: Processes) -> None:
    process = processes.make()
    process.launch(processes.launch("print('no such model'); raise SystemExit(3)"))
    with pytest.raises(NotReady, match="thing ended before it was ready") as raised:
        process.wait_until(lambda: False, timeout_seconds=30)
    assert "no such model" in str(raised.value)


def test_one_that_never_gets_ready_is_stopped(processes: Processes) -> None:
    process = processes.start(READY)
    with pytest.raises(NotReady, match="was not ready after 0 s"):
        process.wait_until(lambda: False, timeout_seconds=0)
    assert not process.is_running()


def test_ctrl_c_while_waiting_stops_it(processes: Processes) -> None:
    process = processes.start(READY)

    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.wait_until(interrupted, timeout_seconds=30)
    assert not process.is_running()


def test_only_what_was_logged_since_the_start_counts(processes: Processes) -> None:
    processes.start("print('ready once', flush=True)", until="once").kill()
    process = processes.start(READY)
    assert "once" not in process.log_since_start()
    assert process.log_tail(10).splitlines() == ["ready once", "ready"]


def test_a_command_that_does_not_exist_is_one_message(processes: Processes) -> None:
    launch = Launch(argv=["/no/such/command"], environment={}, directory=processes.directory)
    with pytest.raises(NotReady, match="thing cannot be started: No such file or directory"):
        processes.make().launch(launch)


def test_nothing_of_the_callers_environment_is_inherited(processes: Processes) -> None:
    process = processes.start(
        "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}), 'ready', flush=True); "
        "import signal; signal.pause()"
    )
    assert process.log_since_start().startswith("[] ready")


def test_an_identity_tells_a_process_from_others() -> None:
    own = Identity.of(os.getpid())
    assert own is not None
    assert own == Identity.of(os.getpid()) != Identity.of(os.getppid())
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert Identity.of(ended.pid) is None


def test_memory_is_counted_while_it_runs(processes: Processes) -> None:
    process = processes.start(READY)
    assert process.memory_bytes() > 2**20
    process.kill()
    assert process.memory_bytes() == 0


def test_a_process_leads_its_own_session(processes: Processes) -> None:
    process = processes.start(READY)
    identity = process.identity()
    assert identity is not None
    assert os.getsid(identity.pid) == identity.pid != os.getsid(0)
    os.killpg(identity.pid, signal.SIGKILL)


def _lives(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
