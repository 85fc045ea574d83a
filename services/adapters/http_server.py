"""Serving an ASGI application with uvicorn inside our own event loop, bounded."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.core.errors import ConfigurationError

_MAX_HEADER_BYTES = 32 * 1024
_KEEP_ALIVE_SECONDS = 30
_HEADER_SECONDS = 15.0
_GRACE_SECONDS = 10


class _DeadlineProtocol(H11Protocol):
    """Closes a connection whose request line and headers do not come in time: uvicorn waits for
    them for ever, and whoever opens enough silent connections locks all others out."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(_HEADER_SECONDS, self._close_if_silent)

    def _close_if_silent(self) -> None:
        if self.cycle is None:
            self.transport.close()  # type: ignore[unreachable, unused-ignore]


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves one application.

    Args:
        app: what to serve.
        max_connections: connections and requests at a time; above, requests get a 503.
    """

    def __init__(self, app: ASGIApp, *, max_connections: int) -> None:
        self._app = app
        self._max_connections = max_connections
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, address: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen.

        Returns:
            The port, which the system chose if 0 was given.

        Raises:
            ConfigurationError: the address is taken or not ours.
        """
        config = uvicorn.Config(
            self._app,
            host=address,
            port=port,
            http=_DeadlineProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=self._max_connections,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
            ssl_context_factory=(lambda config, default: tls) if tls is not None else None,
        )
        self._server = server = _Server(config)
        self._task = asyncio.create_task(self._serve(server))
        while not server.started:
            if self._task.done():
                raise ConfigurationError(f"cannot listen on port {port}")
            await asyncio.sleep(0.02)
        return int(server.servers[0].sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Finish the requests in progress and stop."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self, server: uvicorn.Server) -> None:
        try:
            await server.serve()
        except SystemExit:  # how uvicorn says that the address is taken
            return
