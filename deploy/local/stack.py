"""The whole service on one machine: infrastructure, the five workers and the example receiver.

    Kafka, Redis, Triton  →  topics, database  →  the workers and the receiver
                                              →  a subscription of the receiver to all alerts

A stack is a folder: its data, its logs, its pid files and `stack.json`, from which a later command
finds it again. Several stacks live side by side, each with a folder and ports of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from deploy.local.command import Command, answers, logged
from deploy.local.errors import StackError
from deploy.local.kafka import Kafka
from deploy.local.layout import REPOSITORY, Installed
from deploy.local.ports import Ports, is_listening
from deploy.local.processes import Launch
from deploy.local.redis import Redis
from deploy.local.triton import Triton

STAGES = ("extract", "aggregate", "merge", "detect", "alert")
MODEL_REPOSITORY = REPOSITORY / "model_repository"

_ONE_SHOT_TIMEOUT_SECONDS = 600.0
_WORKER_TIMEOUT_SECONDS = 600.0
# What a worker may take from the shell that starts the stack; secrets of the shell stay there.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")

Progress = Callable[[str], None]


class Stack:
    """The components of one folder.

    Args:
        directory: its folder.
        installed: what the one-time set-up made.
        ports: its ports.
        model_repository: what Triton serves.
        database_url: the record; a SQLite file in the folder if not given.
        settings: further ADEWATCH_… variables for the workers.
    """

    def __init__(
        self,
        *,
        directory: Path,
        installed: Installed,
        ports: Ports,
        model_repository: Path = MODEL_REPOSITORY,
        database_url: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.run_directory = directory / "run"
        self.ports = ports
        self.model_repository = model_repository
        self.database_url = database_url or f"sqlite:///{directory / 'adewatch.sqlite'}"
        self._settings = dict(settings or {})
        self.kafka = Kafka(
            data_directory=directory / "kafka",
            run_directory=self.run_directory,
            jars=installed.jars,
            port=ports.kafka,
            controller_port=ports.kafka_controller,
        )
        self.redis = Redis(
            data_directory=directory / "redis",
            run_directory=self.run_directory,
            port=ports.redis,
        )
        self.triton = Triton(
            environment=installed.triton,
            model_repository=model_repository,
            run_directory=self.run_directory,
            grpc_port=ports.triton_grpc,
            http_port=ports.triton_http,
            metrics_port=ports.triton_metrics,
        )
        self.receiver_url = f"http://127.0.0.1:{ports.receiver}/"
        self.receiver_secret = directory / "receiver.secret"
        self.received = directory / "received.jsonl"
        self.workers = {stage: self._worker(stage) for stage in STAGES}
        self.receiver = self._receiver()

    @property
    def infrastructure(self) -> tuple[Command, ...]:
        """What the workers need."""
        return (self.kafka, self.redis, self.triton)

    @property
    def services(self) -> tuple[Command, ...]:
        """The workers, and the receiver they alert."""
        return (self.receiver, *self.workers.values())

    @property
    def components(self) -> tuple[Command, ...]:
        """All, in the order they start."""
        return (*self.infrastructure, *self.services)

    def component(self, name: str) -> Command:
        """The component of that name.

        Raises:
            StackError: there is none.
        """
        for component in self.components:
            if component.name == name:
                return component
        names = ", ".join(component.name for component in self.components)
        raise StackError(f"there is no component {name!r}; there are {names}")

    def environment(self) -> dict[str, str]:
        """What a process of the service needs to find the others."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "ADEWATCH_ENVIRONMENT": "local",
            "ADEWATCH_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "ADEWATCH_TRITON_GRPC": self.triton.grpc,
            # The models share this machine with everything else.
            "ADEWATCH_TRITON_TIMEOUT_SECONDS": "300",
            "ADEWATCH_REDIS_URL": self.redis.url,
            "ADEWATCH_DATABASE_URL": self.database_url,
            "ADEWATCH_MODEL_REPOSITORY": str(self.model_repository),
            # The example receiver is on this machine, which alerts refuse to call otherwise.
            "ADEWATCH_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            **self._settings,
        }

    def start(self, *, progress: Progress) -> None:
        """Start everything that does not run. If anything fails or Ctrl-C comes, stop everything.

        Raises:
            StackError: in one line, which component failed and why.
        """
        self.run_directory.mkdir(parents=True, exist_ok=True)
        self.save()
        try:
            progress("Starting Kafka, Redis and Triton")
            _start(self.infrastructure)
            progress("Creating topics and migrating the database")
            self.run("topics", "create")
            self.run("db", "upgrade")
            progress("Starting the workers and the receiver")
            _start(self.services)
            self.run(
                *("subscriptions", "add", self.receiver_url),
                *("--secret-file", str(self.receiver_secret)),
            )
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the workers, then what they need; nothing is left running."""
        for group in (self.services, self.infrastructure):
            for component in group:
                component.process.ask_to_end()
            for component in group:
                component.stop()

    def is_running(self) -> bool:
        """Whether anything of it runs."""
        return any(component.process.is_running() for component in self.components)

    def run(self, *arguments: str) -> str:
        """Run a command of the service, `adewatch …`, and return what it prints.

        Raises:
            StackError: it failed; with the end of what it said.
        """
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                [*_ADEWATCH, *arguments],
                env=self.environment(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_ONE_SHOT_TIMEOUT_SECONDS,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            said = "\n".join(error.stderr.splitlines()[-12:])
            raise StackError(f"`adewatch {' '.join(arguments)}` failed.\n{said}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = f"`adewatch {' '.join(arguments)}` could not be run: {type(error).__name__}"
            raise StackError(problem) from error
        return done.stdout

    def attach(self, arguments: Sequence[str]) -> int:
        """Run a command of the service in the caller's terminal; returns its exit status."""
        return subprocess.run(  # noqa: S603 - our own command
            [*_ADEWATCH, *arguments], env=self.environment(), check=False
        ).returncode

    def _worker(self, stage: str) -> Command:
        return Command(
            name=stage,
            launch=self._launch([*_ADEWATCH, "worker", stage]),
            run_directory=self.run_directory,
            ready=logged("worker started"),
            timeout_seconds=_WORKER_TIMEOUT_SECONDS,
            grace_seconds=30.0,
        )

    def _receiver(self) -> Command:
        port = self.ports.receiver
        argv = [
            *(sys.executable, "-P", "-m", "deploy.local.receiver", "--port", str(port)),
            *("--secret-file", str(self.receiver_secret), "--make-secret"),
            *("--record", str(self.received)),
        ]
        return Command(
            name="receiver",
            launch=self._launch(argv),
            run_directory=self.run_directory,
            ready=answers(f"http://127.0.0.1:{port}/health"),
            port=port,
            timeout_seconds=_WORKER_TIMEOUT_SECONDS,
            grace_seconds=5.0,
        )

    def _launch(self, argv: Sequence[str]) -> Launch:
        return Launch(argv=argv, environment=self.environment(), directory=self.directory)

    def save(self) -> None:
        """Write how it can be reached, for later commands and for people."""
        variables = {
            name: value
            for name, value in self.environment().items()
            if name.startswith("ADEWATCH_")
        }
        path = stack_file(self.directory)
        path.touch(mode=0o600)  # a database URL may have a password
        path.write_text(
            json.dumps({"ports": asdict(self.ports), "environment": variables}, indent=2) + "\n"
        )


# Beside the interpreter, whichever environment that is; -m services.cli would do too.
_ADEWATCH = (str(Path(sys.executable).with_name("adewatch")),)


def stack_file(directory: Path) -> Path:
    """Where a stack says how it can be reached."""
    return directory / "run" / "stack.json"


def saved_ports(directory: Path) -> Ports | None:
    """The ports a stack of this folder had, if there ever was one."""
    try:
        return Ports(**json.loads(stack_file(directory).read_text())["ports"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def open_stack(
    directory: Path, installed: Installed, *, settings: Mapping[str, str] | None = None
) -> Stack:
    """The stack of a folder: with the ports it had, unless others listen on them now."""
    ports = saved_ports(directory)
    if ports is not None:
        stack = Stack(directory=directory, installed=installed, ports=ports, settings=settings)
        if stack.is_running() or not any(map(is_listening, asdict(ports).values())):
            return stack
    return Stack(directory=directory, installed=installed, ports=Ports.choose(), settings=settings)


def _start(components: Sequence[Command]) -> None:
    started = [component for component in components if not component.process.is_running()]
    for component in started:
        component.launch()
    for component in started:
        component.wait()
