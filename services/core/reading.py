"""Messages to values, with what cannot be read set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.core.errors import InvalidMessage
from services.core.ports import Message, Rejected

T = TypeVar("T")


def read_all(
    messages: Sequence[Message], read: Callable[[Message], T]
) -> tuple[list[T], list[Rejected]]:
    """Read each message; one that raises `InvalidMessage` is rejected, the others are returned."""
    values: list[T] = []
    rejected: list[Rejected] = []
    for message in messages:
        try:
            values.append(read(message))
        except InvalidMessage as error:
            rejected.append(Rejected(message, error.reason, error.detail))
    return values, rejected
