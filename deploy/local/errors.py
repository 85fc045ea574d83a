"""What can go wrong with the local stack.

StackError          something of the stack did not do what it should; one line says what
├── NotReady        a component did not become ready, or ended before it was
│   └── TimeIsUp    it still runs, but did not answer in time
└── SetupError      a one-time set-up (Triton's environment, Kafka's jars) failed
"""

from __future__ import annotations


class StackError(Exception):
    """Something of the local stack failed; the message is one line for a person."""


class SetupError(StackError):
    """A one-time set-up failed; the message says what to do."""


class NotReady(StackError):  # noqa: N818 - the name says what it is
    """A component ended or did not answer before its time was up."""


class TimeIsUp(NotReady):
    """A component runs, but did not answer before its time was up."""
