"""Webhooks through real sockets: to the example receiver, over TLS, and to forbidden places."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from deploy.local.receiver import Receiver, make_secret_file
from services.adapters.sql.deliveries import SqlOutbox
from services.adapters.sql.subscriptions import SqlSubscriptions
from services.adapters.webhooks import (
    HttpxSender,
    Resolver,
    SecretFiles,
    may_connect,
    parse_networks,
    resolve,
)
from services.alert.dispatcher import Dispatcher
from services.alert.handler import Alerter
from services.alert.subscriptions import new_subscription
from services.core.alert_ports import Answer, DeliveryState
from services.core.errors import ConfigurationError
from services.core.signing import SigningSecret, signed_headers
from tests.connections import record_engine
from tests.fakes.clock import FakeClock
from tests.fakes.signals import signal

LOOPBACK = parse_networks(["127.0.0.0/8"])
SECRET, OLD = SigningSecret(b"s" * 32), SigningSecret(b"o" * 32)
BODY = b'{"data":{}}'
Respond = Callable[[bytes], bytes]


def names(**addresses: Sequence[str]) -> Resolver:
    """A resolver that knows `NAME.example`."""

    async def resolver(host: str, port: int) -> Sequence[str]:
        found = addresses.get(host.removesuffix(".example"))
        if found is None:
            raise OSError("no such name")
        return found

    return resolver


@asynccontextmanager
async def server(
    respond: Respond | None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A raw HTTP server on 127.0.0.1: its port and the requests it got.

    Without `respond` it reads and never answers.
    """
    heads: list[bytes] = []
    ended = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        if respond is None:
            await ended.wait()
        else:
            writer.write(respond(heads[-1]))
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1], heads
    finally:
        ended.set()
        listening.close()


def answering(head: str) -> Respond:
    return lambda _: head.encode() + b"\r\ncontent-length: 0\r\n\r\n"


async def post(url: str, sender: HttpxSender, body: bytes = BODY) -> Answer:
    headers = signed_headers([SECRET], message_id="m1", sent_at=datetime.now(UTC), body=body)
    try:
        return await sender.send(url, body, headers)
    finally:
        await sender.aclose()


# The receiver


@pytest.fixture
def record_file(tmp_path: Path) -> Path:
    return tmp_path / "received.jsonl"


@pytest.fixture
def receive(record_file: Path) -> Iterator[Callable[..., str]]:
    """Starts receivers; gives the URL of one."""
    running: list[tuple[Receiver, threading.Thread]] = []

    def start(*known: SigningSecret, fail_first: int = 0) -> str:
        receiver = Receiver(
            port=0, signing_secrets=known, record=record_file, fail_first=fail_first
        )
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((receiver, thread))
        return f"http://127.0.0.1:{receiver.server_port}/hook"

    yield start
    for receiver, thread in running:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


def received(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def test_a_signal_arrives_verified_once_over_failures_and_a_lost_record(
    receive: Callable[..., str], record_file: Path, tmp_path: Path, sqlite_record: str
) -> None:
    secret_file = tmp_path / "hook.secret"
    make_secret_file(secret_file)
    url = receive(*SecretFiles().secrets(str(secret_file)), fail_first=1)
    engine = record_engine(sqlite_record)
    outbox, subscriptions = SqlOutbox(engine), SqlSubscriptions(engine)
    clock = FakeClock(datetime.now(UTC))
    subscriptions.add(
        new_subscription(
            url=url,
            secret_reference=str(secret_file),
            transitions=None,
            created_at=clock.now(),
            allow_insecure=True,
        )
    )
    sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
    worker = Dispatcher(
        outbox, sender, SecretFiles(), clock=clock, random=lambda: 0.0, token=lambda: "t"
    )
    alerter = Alerter(subscriptions, outbox, clock=clock, public_url="http://pv", wake=worker.wake)
    await alerter.handle([signal()])
    await alerter.handle([signal()])
    await worker.run_once()
    assert received(record_file) == []  # answered 503
    clock.advance(timedelta(seconds=5))
    await worker.run_once()
    (row,) = outbox.deliveries()
    assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 2)
    assert [one.status for one in outbox.attempts(row.delivery_id)] == [503, 204]
    # As if the process had died before it recorded that answer: the same message again.
    outbox.replay(row.delivery_id, now=clock.now())
    await worker.run_once()
    await sender.aclose()
    engine.dispose()
    lines = received(record_file)
    assert [line["verified"] for line in lines] == [True, True]
    assert {line["webhook_id"] for line in lines} == {row.delivery_id}
    assert all(line["body"] == json.loads(row.body) for line in lines)


@pytest.mark.parametrize("known", [SECRET, OLD])
async def test_while_a_key_rotates_receivers_with_either_accept(
    receive: Callable[..., str], known: SigningSecret
) -> None:
    url = receive(known)
    headers = signed_headers([SECRET, OLD], message_id="m", sent_at=datetime.now(UTC), body=BODY)
    sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
    assert await sender.send(url, BODY, headers) == Answer(status=204)
    await sender.aclose()


async def test_the_receiver_refuses_and_records_what_it_cannot_verify(
    receive: Callable[..., str], record_file: Path
) -> None:
    sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
    assert await post(receive(OLD), sender) == Answer(status=401)
    (line,) = received(record_file)
    assert (line["webhook_id"], line["verified"]) == ("m1", False)


# Answers


@pytest.mark.parametrize("status", [200, 302, 410, 500])
async def test_the_status_is_reported_and_redirects_are_not_followed(status: int) -> None:
    head = f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/elsewhere"
    async with server(answering(head)) as (port, heads):
        sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
        assert await post(f"http://127.0.0.1:{port}/", sender) == Answer(status=status)
    assert len(heads) == 1


async def test_retry_after_is_reported() -> None:
    async with server(answering("HTTP/1.1 429 X\r\nretry-after: 7")) as (port, _):
        sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
        answer = await post(f"http://127.0.0.1:{port}/", sender)
    assert answer == Answer(status=429, retry_after="7")


async def test_an_endless_body_is_not_read() -> None:
    def respond(_: bytes) -> bytes:
        return b"HTTP/1.1 200 X\r\ncontent-length: 999999999999\r\n\r\n" + b"x" * 100_000

    async with server(respond) as (port, _):
        sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
        assert await post(f"http://127.0.0.1:{port}/", sender) == Answer(status=200)


async def test_a_receiver_that_never_answers_is_a_timeout() -> None:
    async with server(None) as (port, _):
        sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True, timeout_seconds=0.2)
        assert await post(f"http://127.0.0.1:{port}/", sender) == Answer(error="timeout")


async def test_failures_have_stable_names() -> None:
    async with server(lambda _: b"not http at all\r\n\r\n") as (port, _):
        sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
        assert await post(f"http://127.0.0.1:{port}/", sender) == Answer(error="protocol")
    sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
    assert await post(f"http://127.0.0.1:{port}/", sender) == Answer(error="connect")
    sender = HttpxSender(resolver=names())
    assert await post("https://nowhere.example/", sender) == Answer(error="unresolved")


async def test_a_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with server(answering("HTTP/1.1 204 X")) as (port, _):
        sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
        assert await post(f"http://127.0.0.1:{port}/", sender) == Answer(status=204)


# Where webhooks must not go

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


# TLS


async def tls_answer(certificate_for: str, url_host: str, *, trusted: bool = True) -> Answer:
    authority = trustme.CA()
    served, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), None
    authority.issue_cert(certificate_for).configure_cert(served)
    if trusted:
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
    async with server(answering("HTTP/1.1 204 X"), tls=served) as (port, _):
        sender = HttpxSender(
            allowed=LOOPBACK,
            resolver=names(hook=["127.0.0.1"], other=["127.0.0.1"]),
            ssl_context=trusting,
        )
        return await post(f"https://{url_host}:{port}/", sender)


async def test_the_certificate_must_be_for_the_name_although_the_address_is_called() -> None:
    assert await tls_answer("hook.example", "hook.example") == Answer(status=204)
    assert await tls_answer("hook.example", "other.example") == Answer(error="tls")
    assert await tls_answer("127.0.0.1", "hook.example") == Answer(error="tls")


async def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    assert await tls_answer("hook.example", "hook.example", trusted=False) == Answer(error="tls")


# Secrets


def test_secrets_come_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hook.secret"
    file.write_text(f"{SECRET.serialized()}\n{OLD.serialized()}\n")
    assert SecretFiles().secrets(str(file)) == (SECRET, OLD)
    monkeypatch.setenv("HOOK_SECRET", SECRET.serialized())
    assert SecretFiles().secrets("env:HOOK_SECRET") == (SECRET,)


@pytest.mark.parametrize("reference", ["no/such/file", "env:NO_SUCH_VARIABLE", "."])
def test_missing_secrets_are_configuration_errors(reference: str) -> None:
    with pytest.raises(ConfigurationError):
        SecretFiles().secrets(reference)


def test_a_made_secret_is_private_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "hook.secret"
    make_secret_file(file)
    before = file.read_text()
    make_secret_file(file)
    assert file.read_text() == before
    assert file.stat().st_mode & 0o077 == 0
