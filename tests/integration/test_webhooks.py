"""Webhooks through real sockets: what servers answer, over TLS too."""

from __future__ import annotations

import ssl

import pytest
import trustme

from services.adapters.webhooks import HttpxSender
from services.core.alert_ports import Answer
from tests.integration.webhook_servers import LOOPBACK, answering, names, post, server


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
