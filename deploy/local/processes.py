"""Processes that outlive the command that started them, and end without leaving anything behind.

Each process leads its own session, so its process group is everything it started. A pid file keeps
the pid together with the start time: a pid that the kernel has given to somebody else since is
never signalled.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.local.errors import NotReady, TimeIsUp

_POLL_SECONDS = 0.2
_KILL_ROUNDS = 10
_TAIL_BYTES = 64 * 1024
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """A process, for good: pids are reused, start times are not.

    Attributes:
        pid: process id, which is also the id of its session and process group.
        started: the boot it was started in and its start in clock ticks after it. Unlike a time
            of day it stays the same when the clock is set.
    """

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that has this pid now, if there is one."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # Field 22 of proc_pid_stat(5); the text after the name begins with field 3.
        return cls(pid=pid, started=f"{_BOOT_ID.read_text().strip()[:8]}-{fields[19]}")


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a process.

    Attributes:
        argv: the command.
        environment: the whole environment; nothing is inherited.
        directory: its working directory.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: Path


class ManagedProcess:
    """One supervised process with its pid file and log file."""

    def __init__(self, *, name: str, run_directory: Path) -> None:
        self.name = name
        self.log_path = run_directory / f"{name}.log"
        self._pid_path = run_directory / f"{name}.pid"
        self._log_start = 0

    def identity(self) -> Identity | None:
        """The process the pid file names, whether it still lives or not."""
        try:
            return Identity(**json.loads(self._pid_path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def leader(self) -> psutil.Process | None:
        """The living process, if it is the one that was started."""
        self._reap()
        identity = self.identity()
        return None if identity is None else living_process(identity)

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.leader() is not None

    def memory_bytes(self) -> int:
        """Proportional memory of the whole process group, 0 if nothing runs."""
        total = 0
        for process in self._members():
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total

    def launch(self, launch: Launch) -> None:
        """Start the process unless it runs already."""
        if self.is_running():
            return
        self.kill()  # what an earlier leader left behind
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with _interrupts_deferred(), self.log_path.open("ab") as log:
            self._log_start = log.tell()
            try:
                child = subprocess.Popen(  # noqa: S603 - our own command
                    list(launch.argv),
                    env=dict(launch.environment),
                    cwd=launch.directory,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise NotReady(f"{self.name} cannot be started: {error.strerror}") from error
            # It may outlive this object, on purpose: a Popen that was told the end does not warn.
            child.returncode = 0
            self._write_identity(child.pid)

    def adopt(self, pid: int) -> None:
        """Take over a process that something else has started, to end it with the others."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._write_identity(pid)

    def wait_until(self, ready: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Wait until `ready` says yes; stop the process if it does not.

        Raises:
            NotReady: the process ended or the time is up, with the end of its log.
        """
        deadline = time.monotonic() + timeout_seconds
        try:
            while True:
                running = self.is_running()
                if ready():
                    return
                if not running:
                    raise NotReady(f"{self.name} ended before it was ready.\n{self.log_tail(12)}")
                if time.monotonic() > deadline:
                    raise TimeIsUp(
                        f"{self.name} was not ready after {timeout_seconds:.0f} s.\n"
                        f"{self.log_tail(12)}"
                    )
                time.sleep(_POLL_SECONDS)
        except BaseException:
            self.stop(grace_seconds=2.0)
            raise

    def log_since_start(self) -> str:
        """What it has logged since it was started by this object."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def log_tail(self, lines: int) -> str:
        """The last lines of its log."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def ask_to_end(self) -> None:
        """SIGTERM to the leader, which ends the rest itself."""
        leader = self.leader()
        if leader is not None:
            _signal(leader.pid, signal.SIGTERM)

    def stop(self, *, grace_seconds: float) -> None:
        """SIGTERM, and SIGKILL to all of the group that lives after the grace."""
        if self.is_running():
            self.ask_to_end()
            self._wait_for_end(grace_seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL the whole group now, and forget it."""
        identity = self.identity()
        if identity is not None:
            for _ in range(_KILL_ROUNDS):  # a group that forks meanwhile needs more than one
                members = self._members()
                if not members:
                    break
                for member in members:
                    _signal(member.pid, signal.SIGKILL)
                self._wait_for_end(1.0)
        self._reap()
        self._pid_path.unlink(missing_ok=True)

    def _wait_for_end(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._members() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _members(self) -> list[psutil.Process]:
        """Living processes of the group, the leader first."""
        identity = self.identity()
        if identity is None:
            return []
        leader = self.leader()
        if leader is None and psutil.pid_exists(identity.pid) and not _is_zombie(identity.pid):
            return []  # the pid belongs to somebody else, so the old group is gone
        members = [
            process
            for process in psutil.process_iter()
            if _group_of(process.pid) == identity.pid
            and process.pid != identity.pid
            and not _is_zombie(process.pid)
        ]
        return members if leader is None else [leader, *members]

    def _write_identity(self, pid: int) -> None:
        identity = Identity.of(pid)
        if identity is None:
            return
        partial = self._pid_path.with_suffix(".pid.partial")
        partial.write_text(json.dumps(asdict(identity)))
        partial.replace(self._pid_path)

    def _reap(self) -> None:
        """Take note of its end, if it is a child of ours: until then it is a zombie."""
        identity = self.identity()
        if identity is not None:
            with suppress(ChildProcessError):
                os.waitpid(identity.pid, os.WNOHANG)


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Let Ctrl-C and the like wait: between its start and its pid file a process is nobody's.

    Handlers are exchanged, not masked: a mask would be inherited by the process that is started.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is ever interrupted
        return
    arrived: list[int] = []
    previous = {
        number: signal.signal(number, lambda number, frame: arrived.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        for arrived_number in arrived:
            signal.raise_signal(arrived_number)


def living_process(identity: Identity) -> psutil.Process | None:
    """The process, unless it ended or its pid is somebody else's by now."""
    if Identity.of(identity.pid) != identity or _is_zombie(identity.pid):
        return None
    try:
        return psutil.Process(identity.pid)
    except psutil.Error:
        return None


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
