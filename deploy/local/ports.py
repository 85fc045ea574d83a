"""Free ports of this machine, below the range the kernel takes for outgoing connections.

A port inside that range may be taken by any client while a component restarts; worse, a client
that keeps connecting to it can be connected to itself.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError

_LOWEST = 20_000
_KERNEL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_ATTEMPTS = 1_000

PROBE_SECONDS = 10.0
"""How long a probe waits: enough where processor time is short; a refusal ends at once."""

_given: set[int] = set()


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a stack, all on 127.0.0.1."""

    kafka: int
    kafka_controller: int
    redis: int
    triton_grpc: int
    triton_http: int
    triton_metrics: int
    receiver: int

    @classmethod
    def choose(cls) -> Ports:
        """Free ones."""
        return cls(*(free_port() for _ in cls.__slots__))


def is_listening(port: int, *, timeout_seconds: float = PROBE_SECONDS) -> bool:
    """Whether something on 127.0.0.1 accepts connections on the port."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as client:
        client.settimeout(timeout_seconds)
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port(*, chooser: random.Random | None = None) -> int:
    """A port nobody listens on, given to no other caller in this process.

    Raises:
        StackError: no port was found.
    """
    choose = chooser or random.SystemRandom()
    highest = _highest()
    for _ in range(_ATTEMPTS):
        port = choose.randint(_LOWEST, highest)
        if port not in _given and _can_bind(port):
            _given.add(port)
            return port
    raise StackError("no free port was found on 127.0.0.1")


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """One free port per name."""
    return {name: free_port() for name in names}


def _can_bind(port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _highest() -> int:
    try:
        lowest_of_kernel = int(_KERNEL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        lowest_of_kernel = 32_768
    return lowest_of_kernel - 1 if lowest_of_kernel > _LOWEST + _ATTEMPTS else 60_999
