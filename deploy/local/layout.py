"""Where the local stack keeps what it installs and what it runs: one folder, git-ignored."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka_jars import install_jars
from deploy.local.triton_environment import TritonEnvironment, install_triton

REPOSITORY = Path(__file__).resolve().parents[2]
STATE = REPOSITORY / ".adewatch"


@dataclass(frozen=True, slots=True)
class Installed:
    """What the one-time set-up made.

    Attributes:
        jars: folder with Apache Kafka's jars.
        triton: Triton's environment.
    """

    jars: Path
    triton: TritonEnvironment


def install_kafka(state: Path, *, progress: Callable[[str], None]) -> Path:
    """Kafka's jars, downloaded if they are missing or damaged; returns their folder."""
    with _alone(state / "jars.lock"):
        install_jars(state / "jars", progress=progress)
    return state / "jars"


def install_triton_server(state: Path, *, progress: Callable[[str], None]) -> TritonEnvironment:
    """Triton's environment, installed if it is missing or not the wanted one."""
    with _alone(state / "triton.lock"):
        return install_triton(state / "triton", progress=progress)


def install(state: Path, *, progress: Callable[[str], None]) -> Installed:
    """Everything the stack needs beside its Python packages."""
    return Installed(
        jars=install_kafka(state, progress=progress),
        triton=install_triton_server(state, progress=progress),
    )


def installed(state: Path) -> Installed:
    """Where everything is, without looking whether it is there: to stop and to show a stack."""
    return Installed(jars=state / "jars", triton=TritonEnvironment(state / "triton"))


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock between processes: two commands may set up at the same time."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
