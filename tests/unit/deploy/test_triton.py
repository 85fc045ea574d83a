"""How the server of the local stack is started, with a script in the place of its binary."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import triton
from deploy.local.errors import NotReady
from deploy.local.ports import free_port
from deploy.local.triton import Triton
from deploy.local.triton_environment import TritonEnvironment

COUNT_STARTS = """
import http.server, sys, threading, time
from pathlib import Path

counter = Path(sys.argv[0]).with_name("starts")
starts = int(counter.read_text()) + 1 if counter.exists() else 1
counter.write_text(str(starts))
"""
LOADED_LATER = "states = [0, 0, 1]"
NEVER_LOADED = "states = [0, -1]"
SERVE = """
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path == "/metrics":
            state = states.pop(0) if len(states) > 1 else states[0]
            labels = b'model="ner",version="1"'
            self.wfile.write(b'adewatch_model_loaded{%s} %d\\n' % (labels, state))
            counter.with_name("states").write_text(str(states))

def listen(name):
    port = next(a for a in sys.argv if a.startswith(f"--{name}-port=")).partition("=")[2]
    return http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Ready)

threading.Thread(target=listen("metrics").serve_forever, daemon=True).start()
listen("http").serve_forever()
"""
GIVE_UP_AT_FIRST = """
if starts == 1:
    sys.exit("terminate called after throwing an instance of 'boost::interprocess::lock_exception'")
"""
HANG_AT_FIRST = """
if starts == 1:
    time.sleep(600)
"""
NO_GPU = """
print('E1129 04:33:08.197956 9123 server.cc:241] "CudaDriverHelper has not been initialized."')
"""
REFUSE = """
print("error: this model is broken")
sys.exit(1)
"""

Server = tuple[Triton, Callable[[], int]]


@pytest.fixture
def server_that(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    """Makes a server whose binary is a script, and says how often that was started."""
    made: list[Triton] = []

    def make(code: str) -> Server:
        environment = TritonEnvironment(tmp_path)
        environment.binary.parent.mkdir(parents=True)
        environment.binary.write_text(f"#!{sys.executable}\n{COUNT_STARTS}{code}")
        environment.binary.chmod(0o755)
        server = Triton(
            environment=environment,
            model_repository=tmp_path,
            run_directory=tmp_path,
            grpc_port=free_port(),
            http_port=free_port(),
            metrics_port=free_port(),
        )
        made.append(server)
        return server, lambda: int(environment.binary.with_name("starts").read_text())

    yield make
    for server in made:
        server.kill()


def test_a_server_that_gave_up_a_model_for_dead_starts_again(
    server_that: Callable[[str], Server],
) -> None:
    server, starts = server_that(GIVE_UP_AT_FIRST + LOADED_LATER + SERVE)
    server.start()
    assert server.process.is_running()
    assert starts() == 2
    states = server.process.log_path.parent.rglob("states")
    assert [path.read_text() for path in states] == ["[1]"], "it was ready before its model was"


def test_a_server_whose_model_cannot_be_loaded_says_so(
    server_that: Callable[[str], Server],
) -> None:
    server, starts = server_that(NEVER_LOADED + SERVE)
    with pytest.raises(NotReady, match="a model cannot be loaded"):
        server.start()
    assert not server.process.is_running()
    assert starts() == 1


def test_a_server_that_hangs_starts_again(
    server_that: Callable[[str], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triton, "_START_SECONDS", 20.0)
    server, starts = server_that(HANG_AT_FIRST + LOADED_LATER + SERVE)
    server.start()
    assert server.process.is_running()
    assert starts() > 1  # on a slow machine the second may take too long as well


def test_a_server_that_never_starts_is_not_tried_for_ever(
    server_that: Callable[[str], Server],
) -> None:
    server, starts = server_that(NO_GPU + GIVE_UP_AT_FIRST.replace("== 1", "< 99"))
    with pytest.raises(NotReady, match="ended before it was ready"):
        server.start()
    assert starts() == triton._STARTS


def test_a_model_that_is_broken_is_not_tried_again(
    server_that: Callable[[str], Server],
) -> None:
    server, starts = server_that(NO_GPU + REFUSE)
    with pytest.raises(NotReady, match="this model is broken"):
        server.start()
    assert starts() == 1
