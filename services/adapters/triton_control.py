"""Loads versions of models into a running Triton (its model control is explicit)."""

from __future__ import annotations

import grpc
from tritonclient import grpc as triton
from tritonclient.utils import InferenceServerException

from services.core.errors import DependencyUnavailable
from services.core.model_versions import MODELS, VersionPair

LOAD_TIMEOUT_SECONDS = 300.0


class TritonControl:
    """The control of one server.

    Args:
        address: of its gRPC port.
        timeout_seconds: for loading a model; Triton answers when the new version serves, and the
            versions already loaded serve meanwhile.
    """

    def __init__(self, address: str, *, timeout_seconds: float = LOAD_TIMEOUT_SECONDS) -> None:
        self._address = address
        self._timeout_seconds = timeout_seconds

    def load(self) -> None:
        """Load every version of both models that lies in the repository, and unload the others.

        Raises:
            DependencyUnavailable: the server is away, or a version cannot be loaded (then the
                versions that served go on serving).
        """
        try:
            with triton.InferenceServerClient(self._address) as client:
                for model in MODELS:
                    client.load_model(model, client_timeout=self._timeout_seconds)
        except _FAILURES as error:
            raise DependencyUnavailable("triton", f"load: {type(error).__name__}") from None

    def is_ready(self, pair: VersionPair) -> bool:
        """Whether both versions answer.

        Raises:
            DependencyUnavailable: the server is away.
        """
        try:
            with triton.InferenceServerClient(self._address) as client:
                return all(
                    client.is_model_ready(
                        model, pair.of(model), client_timeout=self._timeout_seconds
                    )
                    for model in MODELS
                )
        except _FAILURES as error:
            raise DependencyUnavailable("triton", f"ready: {type(error).__name__}") from None


_FAILURES = (InferenceServerException, grpc.RpcError, OSError)
