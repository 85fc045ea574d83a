"""HTTP servers on this machine, and posts of webhooks to them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from services.adapters.webhooks import HttpxSender, Resolver, parse_networks
from services.core.alert_ports import Answer
from services.core.signing import SigningSecret, signed_headers

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
