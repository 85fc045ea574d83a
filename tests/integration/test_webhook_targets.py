"""Where webhooks must not go, and that the address which was checked is the one called."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.adapters.webhooks import HttpxSender, may_connect, parse_networks, resolve
from services.core.alert_ports import Answer
from services.core.errors import ConfigurationError
from tests.integration.webhook_servers import LOOPBACK, answering, names, post, server

INSIDE = [
    "127.0.0.1",
    "169.254.169.254",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:93.184.215.14",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "::",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "2002:a00:1::",
    "64:ff9b::a00:1",
    "::127.0.0.1",
    "not an address",
]


@pytest.mark.parametrize("address", INSIDE)
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    sender = HttpxSender(resolver=names(inside=[address]))
    assert await post("https://inside.example/", sender) == Answer(error="target-refused")


async def test_one_bad_address_among_good_ones_is_enough() -> None:
    sender = HttpxSender(resolver=names(mixed=["93.184.215.14", "127.0.0.1"]))
    assert await post("https://mixed.example/", sender) == Answer(error="target-refused")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0"]
)
async def test_spellings_of_this_machine_are_refused(host: str) -> None:
    async with server(answering("HTTP/1.1 204 X")) as (port, heads):
        sender = HttpxSender(allow_insecure=True)
        answer = await post(f"http://{host}:{port}/", sender)
    assert answer.status is None
    assert heads == []


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert may_connect(address, ())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.0/8"),
        ("fd00::1", "fd00::/8"),
        ("::1", "::1/128"),
        ("169.254.169.254", "169.254.0.0/16"),
    ],
)
def test_the_allow_list_allows_its_networks_and_no_others(address: str, network: str) -> None:
    assert may_connect(address, parse_networks([network]))
    assert not may_connect(address, parse_networks(["192.168.0.0/16", "fd11::/16"]))


def test_a_malformed_allow_list_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="webhook_allowed_networks"):
        parse_networks(["10.0.0.1/8"])


async def test_http_is_refused_in_production() -> None:
    async with server(answering("HTTP/1.1 204 X")) as (port, heads):
        sender = HttpxSender(allowed=LOOPBACK)
        answer = await post(f"http://127.0.0.1:{port}/", sender)
    assert answer == Answer(error="target-refused")
    assert heads == []


async def test_the_checked_address_is_the_one_connected_to() -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])  # a name that changes its mind

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    async with server(answering("HTTP/1.1 204 X")) as (port, heads):
        sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True, resolver=rebinding)
        assert await post(f"http://hook.example:{port}/p?q=1", sender) == Answer(status=204)
    assert next(answers) == ["169.254.169.254"]  # asked once
    assert heads[0].startswith(b"POST /p?q=1 HTTP/1.1\r\n")
    assert f"host: hook.example:{port}".encode() in heads[0].lower()


async def test_the_next_address_is_tried_when_one_refuses_connections() -> None:
    # Nobody listens on that port of 127.0.0.2.
    async with server(answering("HTTP/1.1 204 X")) as (port, heads):
        sender = HttpxSender(
            allowed=LOOPBACK,
            allow_insecure=True,
            resolver=names(hook=["127.0.0.2", "127.0.0.1"]),
        )
        assert await post(f"http://hook.example:{port}/", sender) == Answer(status=204)
    assert len(heads) == 1


async def test_the_real_resolver_knows_this_machine() -> None:
    assert "127.0.0.1" in await resolve("127.0.0.1", 80)
