"""The client of Triton: what it does about an answer that does not come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import numpy as np
import pytest

from services.adapters.triton import TritonServer
from services.core.errors import DependencyTooSlow, DependencyUnavailable

ROW = np.ones((1, 3), np.int64)


class Silent(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A server that hears every call and answers none."""

    def __init__(self) -> None:
        self.calls = 0

    def service(self, handler_call_details: object) -> object:
        async def wait(request: bytes, context: object) -> bytes:
            self.calls += 1
            await asyncio.sleep(3600)
            return b""

        return grpc.unary_unary_rpc_method_handler(wait)


@pytest.fixture
async def silent() -> AsyncIterator[tuple[Silent, str]]:
    handler, server = Silent(), grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield handler, f"127.0.0.1:{port}"
    await server.stop(None)


async def test_a_call_without_an_answer_in_time_is_too_slow_and_not_repeated(
    silent: tuple[Silent, str],
) -> None:
    handler, address = silent
    client = TritonServer(address, timeout_seconds=1.0)
    with pytest.raises(DependencyTooSlow, match=r"ner: .*DEADLINE_EXCEEDED"):
        await client.model("ner").infer(ROW, ROW)
    assert handler.calls <= 1
    await client.close()


async def test_a_server_that_is_not_there_is_away_and_not_slow() -> None:
    client = TritonServer("127.0.0.1:9", timeout_seconds=60.0)
    with pytest.raises(DependencyUnavailable, match="UNAVAILABLE") as raised:
        await client.model("ner").infer(ROW, ROW)
    assert not isinstance(raised.value, DependencyTooSlow)
    await client.close()
