"""Models behind a Triton Inference Server, by gRPC.

One long-lived client per process. A call that the server did not answer is tried again a few
times at once; what still fails is `DependencyUnavailable`, and the caller stops consuming.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import grpc
import numpy as np
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)
from tritonclient.grpc import aio as triton
from tritonclient.utils import InferenceServerException

from services.core.errors import DependencyTooSlow, DependencyUnavailable
from services.core.model_ports import Inference, IntArray

ATTEMPTS = 3
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
KEEPALIVE_MILLISECONDS = 20_000


@dataclass(slots=True)
class TritonUsage:
    """How much a process asked of Triton.

    Attributes:
        requests: answered requests.
        tokens: padded tokens in them.
        busy_seconds: wall-clock time in which at least one request was under way.
    """

    requests: int = 0
    tokens: int = 0
    busy_seconds: float = 0.0
    _running: int = 0
    _since: float = 0.0

    def begin(self) -> None:
        """A request leaves."""
        if self._running == 0:
            self._since = time.perf_counter()
        self._running += 1

    def end(self, tokens: int) -> None:
        """A request came back, with or without an answer (then `tokens` is 0)."""
        self._running -= 1
        if self._running == 0:
            self.busy_seconds += time.perf_counter() - self._since
        if tokens:
            self.requests += 1
            self.tokens += tokens


class TritonServer:
    """The client of a process. Connects at the first call."""

    def __init__(self, address: str, *, timeout_seconds: float) -> None:
        self.usage = TritonUsage()
        self._address = address
        self._timeout_seconds = timeout_seconds
        self._client: triton.InferenceServerClient | None = None

    def model(self, name: str, version: str = "") -> TritonModel:
        """A model of the server by its name, in one version or in the newest."""
        return TritonModel(self, name, version)

    async def infer(
        self,
        name: str,
        input_ids: IntArray,
        attention_mask: IntArray,
        pairs: IntArray | None = None,
        *,
        version: str = "",
    ) -> Inference:
        """Run one padded batch through a version of a model, the newest loaded one if not given.

        See `TokenModel`.

        A call that gets no answer in time is not repeated: the server may be busy with it still.

        Raises:
            DependencyTooSlow: no answer in time.
            DependencyUnavailable: no server, the model is not loaded, or it failed.
        """
        inputs = [_tensor("input_ids", input_ids), _tensor("attention_mask", attention_mask)]
        outputs = [triton.InferRequestedOutput("probabilities")]
        if pairs is not None:
            inputs.append(_tensor("pairs", pairs))
            outputs.append(triton.InferRequestedOutput("statuses"))
        self.usage.begin()
        tokens = 0
        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(ATTEMPTS),
                wait=wait_exponential_jitter(multiplier=0.1, max=2.0),
                retry=retry_if_exception(_may_pass),
                reraise=True,
            ):
                with attempt:
                    answer = await self._connected().infer(
                        name,
                        inputs,
                        model_version=version,
                        outputs=outputs,
                        client_timeout=self._timeout_seconds,
                    )
            tokens = int(input_ids.size)
        except _FAILURES as error:
            failure = DependencyTooSlow if _is_late(error) else DependencyUnavailable
            raise failure("triton", f"{name}: {_kind(error)}") from None
        finally:
            self.usage.end(tokens)
        probabilities = answer.as_numpy("probabilities")
        if probabilities is None or len(probabilities) != len(input_ids):
            raise DependencyUnavailable("triton", f"{name}: incomplete answer")
        statuses = None if pairs is None else answer.as_numpy("statuses")
        if pairs is not None and (statuses is None or len(statuses) != len(input_ids)):
            raise DependencyUnavailable("triton", f"{name}: incomplete answer")
        return Inference(
            probabilities.astype(np.float32, copy=False),
            answer.get_response().model_version,
            statuses,
        )

    async def ready(self) -> bool:
        """Whether server and both models answer."""
        try:
            client = self._connected()
            for name in ("ner", "relation"):
                if not await client.is_model_ready(name, client_timeout=self._timeout_seconds):
                    return False
        except _FAILURES:
            return False
        return True

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _connected(self) -> triton.InferenceServerClient:
        if self._client is None:
            self._client = triton.InferenceServerClient(
                self._address,
                channel_args=[
                    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
                    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                    ("grpc.keepalive_time_ms", KEEPALIVE_MILLISECONDS),
                    # A server that was away is tried again after a second, not after minutes.
                    ("grpc.max_reconnect_backoff_ms", 1000),
                ],
            )
        return self._client


class TritonModel:
    """One version of a model of the server, as a `TokenModel`."""

    def __init__(self, server: TritonServer, name: str, version: str) -> None:
        self._server = server
        self._name = name
        self._version = version

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        """See `TokenModel`."""
        return await self._server.infer(
            self._name, input_ids, attention_mask, pairs, version=self._version
        )


_FAILURES = (InferenceServerException, grpc.RpcError, asyncio.TimeoutError, OSError)


def _tensor(name: str, values: IntArray) -> triton.InferInput:
    tensor = triton.InferInput(name, list(values.shape), "INT64")
    tensor.set_data_from_numpy(np.ascontiguousarray(values))
    return tensor


def _is_late(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or _kind(error).endswith("DEADLINE_EXCEEDED")


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, _FAILURES) and not _is_late(error)


def _kind(error: BaseException) -> str:
    """The kind of failure only: messages of a backend may quote their input."""
    if isinstance(error, InferenceServerException):
        return str(error.status() or "error")
    return type(error).__name__
