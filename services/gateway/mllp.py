"""The MLLP listener: HL7 v2 over TCP, one message and one answer at a time per connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from services.core.errors import DependencyUnavailable
from services.core.ports import Clock
from services.gateway.acknowledgement import Code, Problem, acknowledge
from services.gateway.door import Door, Receipt

log = structlog.get_logger(__name__)

PROTOCOL = "mllp"
_START, _END = b"\x0b", b"\x1c\r"
_BETWEEN = b"\r\n \x00"
_HEADERS: Mapping[str, bytes] = {"content-type": b"application/hl7-v2"}
_HANDSHAKE_SECONDS = 10.0
_LINGER_SECONDS = 5.0
_LINGER_BYTES = 256 * 1024


class _BadFrameError(Exception):
    """What came is no frame, or one that is too long."""


class MllpListener:
    """Serves connections.

    Args:
        door: what is done with messages.
        clock: the time of answers.
        control_id: a new id for each answer.
        max_message_bytes: longest message; a longer one is rejected and its connection closed.
        max_connections: connections at a time; further ones are closed at once.
        idle_seconds: how long a connection may be silent between messages.
        message_seconds: how long a message may take to arrive, and an answer to be taken.
    """

    def __init__(
        self,
        door: Door,
        *,
        clock: Clock,
        control_id: Callable[[], str],
        max_message_bytes: int,
        max_connections: int,
        idle_seconds: float,
        message_seconds: float,
    ) -> None:
        self._door = door
        self._clock = clock
        self._control_id = control_id
        self._max_message_bytes = max_message_bytes
        self._max_connections = max_connections
        self._idle_seconds = idle_seconds
        self._message_seconds = message_seconds
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, address: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen.

        Returns:
            The port, which the system chose if 0 was given.
        """
        self._server = await asyncio.start_server(
            self._accept,
            address,
            port,
            limit=self._max_message_bytes,
            ssl=tls,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if tls else None,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end the connections; a message without its answer is sent again."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= self._max_connections:
            log.warning("connection refused", protocol=PROTOCOL, connections=len(self._connections))
            writer.close()
            return
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        # Cancelled by `close`: asyncio would report that as a fault of the connection.
        except (OSError, TimeoutError, EOFError, asyncio.CancelledError) as error:
            log.info("connection ended", protocol=PROTOCOL, kind=type(error).__name__)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                message = await self._next(reader)
            except _BadFrameError as error:
                problem = Problem("bad-frame", str(error))
                await self._send(writer, self._answer(b"", Code.REJECTED, problem))
                await _hear_out(reader, writer)
                return
            await self._send(writer, await self._take(message))

    async def _next(self, reader: asyncio.StreamReader) -> bytes:
        first = b"\r"
        while first in _BETWEEN:
            first = await asyncio.wait_for(reader.readexactly(1), self._idle_seconds)
        if first != _START:
            raise _BadFrameError("a message begins with 0x0B")
        try:
            block = await asyncio.wait_for(reader.readuntil(_END), self._message_seconds)
        except asyncio.LimitOverrunError:
            pass
        else:
            return block.removesuffix(_END)
        raise _BadFrameError(f"a message has at most {self._max_message_bytes} bytes")

    async def _take(self, message: bytes) -> bytes:
        try:
            receipt = await self._door.take(PROTOCOL, message, _HEADERS)
        except DependencyUnavailable as error:
            problem = Problem("unavailable", error.dependency)
            return self._answer(message, Code.ERROR, problem)
        except Exception:
            log.exception("gateway fault", protocol=PROTOCOL)
            return self._answer(message, Code.ERROR, Problem("unavailable", "internal error"))
        code = Code.REJECTED if receipt.rejected else Code.ACCEPTED
        return self._answer(message, code, _problem(receipt))

    def _answer(self, message: bytes, code: Code, problem: Problem | None) -> bytes:
        return acknowledge(
            message, code, problem, now=self._clock.now(), control_id=self._control_id()
        )

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        writer.write(_START + answer + _END)
        await asyncio.wait_for(writer.drain(), self._message_seconds)


async def _hear_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read on to nowhere until the sender has its answer and closes: a connection that is closed
    with bytes unread is reset, and the answer may be lost with it."""
    if writer.can_write_eof():
        writer.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while await reader.read(_LINGER_BYTES):
                pass


def _problem(receipt: Receipt) -> Problem | None:
    if not receipt.refused:
        return None
    first = receipt.refused[0]
    return Problem(first.reason, first.detail)
