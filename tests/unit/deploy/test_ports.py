"""Ports that nobody listens on, and that the kernel gives to nobody meanwhile."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from deploy.local.ports import free_port, is_listening


def test_ports_differ_and_are_below_those_of_outgoing_connections() -> None:
    ports = [free_port() for _ in range(50)]
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len(set(ports)) == 50
    assert max(ports) < max(lowest, 61_000)


def test_ports_in_use_or_given_before_are_passed_over() -> None:
    given, in_use, free = free_port(), free_port(), unused_port()
    with socket.create_server(("127.0.0.1", in_use)):
        assert is_listening(in_use)
        assert free_port(chooser=_Choices([given, in_use, free])) == free


def test_nothing_listens_on_a_free_port() -> None:
    assert not is_listening(free_port())


def unused_port() -> int:
    """A port that is free and has not been given."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class _Choices(random.Random):
    """Chooses what it is told."""

    def __init__(self, choices: list[int]) -> None:
        super().__init__()
        self._choices = choices

    def randint(self, a: int, b: int) -> int:
        return self._choices.pop(0)
