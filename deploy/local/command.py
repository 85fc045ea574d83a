"""A component that is any command: a worker of the service, or an example receiver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from deploy.local.ports import PROBE_SECONDS, is_listening
from deploy.local.processes import Launch, ManagedProcess

Probe = Callable[[ManagedProcess], bool]


def logged(text: str) -> Probe:
    """Ready when the log has the text since the start."""
    return lambda process: text in process.log_since_start()


def answers(url: str) -> Probe:
    """Ready when a GET of the URL, which names its port, is answered with 2xx.

    First whether anybody listens: to ask that is cheap, and the one who starts needs the processor.
    """
    port = urlsplit(url).port
    if port is None:
        raise ValueError("the URL names no port")

    def probe(_: ManagedProcess) -> bool:
        if not is_listening(port):
            return False
        try:
            return httpx.get(url, timeout=PROBE_SECONDS, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return probe


def listens(port: int) -> Probe:
    """Ready when the port accepts connections."""
    return lambda _: is_listening(port)


def runs(process: ManagedProcess) -> bool:
    """Ready as soon as it runs."""
    return process.is_running()


class Command:
    """A supervised command.

    Args:
        name: its name.
        launch: how to start it.
        run_directory: for its pid file and log.
        ready: when it is ready.
        port: the port others connect to, if any.
        timeout_seconds: how long it may take to become ready.
        grace_seconds: how long it may take to end after SIGTERM.
    """

    def __init__(
        self,
        *,
        name: str,
        launch: Launch,
        run_directory: Path,
        ready: Probe = runs,
        port: int | None = None,
        timeout_seconds: float = 60.0,
        grace_seconds: float = 15.0,
    ) -> None:
        self.name = name
        self.port = port
        self.process = ManagedProcess(name=name, run_directory=run_directory)
        self._launch = launch
        self._ready = ready
        self._timeout_seconds = timeout_seconds
        self._grace_seconds = grace_seconds

    def launch(self) -> None:
        """Start it and return at once; `wait` says when it is ready."""
        if not self.process.is_running():
            self.process.launch(self._launch)

    def wait(self) -> None:
        """Wait until it is ready.

        Raises:
            NotReady: it ended or did not answer in time; it is stopped again.
        """
        self.process.wait_until(
            lambda: self._ready(self.process), timeout_seconds=self._timeout_seconds
        )

    def start(self) -> None:
        """Start it, unless it runs, and return when it is ready.

        Raises:
            NotReady: it ended or did not answer in time; it is stopped again.
        """
        if self.process.is_running():
            return
        self.launch()
        self.wait()

    def stop(self) -> None:
        """Ask it to end, and end it by force after its grace period."""
        self.process.stop(grace_seconds=self._grace_seconds)

    def kill(self) -> None:
        """SIGKILL it, as a crash would."""
        self.process.kill()

    def restart(self) -> None:
        """Stop and start it."""
        self.stop()
        self.start()
