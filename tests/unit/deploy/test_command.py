"""Probes say no until they can say yes."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.command import Command, answers, listens, logged
from deploy.local.errors import NotReady
from deploy.local.ports import free_port
from deploy.local.processes import Launch, ManagedProcess

SHELL = "/bin/sh"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[int]:
    """The port of a web server that is ready under /ready only."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def _command(directory: Path, script: str) -> Command:
    launch = Launch(argv=[SHELL, "-c", script], environment={}, directory=directory)
    return Command(name="thing", launch=launch, run_directory=directory, ready=logged("ready now"))


def _process(directory: Path) -> ManagedProcess:
    return ManagedProcess(name="thing", run_directory=directory)


def test_an_http_probe_wants_success(web: int, tmp_path: Path) -> None:
    process = _process(tmp_path)
    assert answers(f"http://127.0.0.1:{web}/ready")(process)
    assert not answers(f"http://127.0.0.1:{web}/busy")(process)
    assert not answers(f"http://127.0.0.1:{free_port()}/ready")(process)


def test_a_port_probe_wants_somebody_who_listens(web: int, tmp_path: Path) -> None:
    process = _process(tmp_path)
    assert listens(web)(process)
    assert not listens(free_port())(process)


def test_a_command_is_ready_when_its_log_says_so(tmp_path: Path) -> None:
    command = _command(tmp_path, "echo ready now; read forever </dev/zero")
    command.start()
    try:
        before = command.process.identity()
        command.start()
        assert command.process.identity() == before

        command.restart()
        assert command.process.identity() != before
    finally:
        command.kill()
    assert not command.process.is_running()


def test_a_command_that_ends_first_failed(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="ended before it was ready"):
        _command(tmp_path, "echo no").start()


def test_a_command_that_ends_right_after_it_was_ready_was_ready(tmp_path: Path) -> None:
    _command(tmp_path, "echo ready now").start()
