"""What every part of the local stack is: something that starts, becomes ready, and stops.

StackError                 something of the stack did not do what it should; one line says what
├── NotReady               a component did not become ready, or ended before it was
└── SetupError             a one-time set-up (Triton's environment, Kafka's jars) failed
"""

from __future__ import annotations

from typing import Protocol

from deploy.local.processes import ManagedProcess, StackError


class SetupError(StackError):
    """A one-time set-up failed; the message says what to do."""


class Component(Protocol):
    """A part of the stack. Starting a running one and stopping a stopped one change nothing."""

    @property
    def name(self) -> str:
        """Its name in tables, log files and commands."""
        ...

    @property
    def port(self) -> int | None:
        """The port that others connect to, if there is one."""
        ...

    @property
    def process(self) -> ManagedProcess:
        """The process behind it."""
        ...

    def start(self) -> None:
        """Start it and return when it is ready.

        Raises:
            NotReady: it ended or did not answer in time; it is stopped again.
        """
        ...

    def stop(self) -> None:
        """Ask it to end, and end it by force after its grace period."""
        ...
