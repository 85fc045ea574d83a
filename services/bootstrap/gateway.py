"""The gateway as a process: its listeners, its door, its life."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import structlog
from prometheus_client import REGISTRY, CollectorRegistry

from services.adapters import metrics, wire
from services.adapters.dead_letters import KafkaDeadLetters
from services.adapters.http_server import HttpServer
from services.adapters.runner import Backoff, insist
from services.bootstrap.components import Components
from services.bootstrap.workers import create_topics
from services.config import Settings
from services.core.errors import ConfigurationError
from services.gateway.door import Door
from services.gateway.fhir import FhirEndpoint
from services.gateway.mllp import MllpListener
from services.gateway.tokens import parse_tokens
from services.ingest.intake import SOURCE_HEADER

log = structlog.get_logger(__name__)

_CONTROL_ID_CHARACTERS = 20


class Gateway:
    """The listeners that the settings ask for.

    Args:
        components: what they need.
        registry: of the metrics.
    """

    def __init__(self, components: Components, *, registry: CollectorRegistry = REGISTRY) -> None:
        self._settings = settings = components.settings
        self._door = Door(
            components.publisher,
            KafkaDeadLetters(components.publisher),
            parse=components.parse,
            encode=wire.encode,
            topic=settings.topic_notes,
            merges_topic=settings.topic_merges,
            clock=components.clock,
            max_in_flight=settings.gateway_max_in_flight,
            timeout_seconds=settings.gateway_message_seconds,
            observe=metrics.GatewayMetrics(registry).observe,
        )
        self._mllp = MllpListener(
            self._door,
            clock=components.clock,
            control_id=lambda: uuid4().hex[:_CONTROL_ID_CHARACTERS],
            max_message_bytes=settings.message_max_bytes,
            max_connections=settings.gateway_max_connections,
            idle_seconds=settings.gateway_idle_seconds,
            message_seconds=settings.gateway_message_seconds,
        )
        endpoint = FhirEndpoint(
            self._door,
            parse_tokens(settings.gateway_tokens.get_secret_value()),
            max_body_bytes=settings.message_max_bytes,
            body_seconds=settings.gateway_message_seconds,
            source_header=SOURCE_HEADER,
        )
        self._fhir = HttpServer(endpoint.app(), max_connections=settings.gateway_max_connections)

    async def start(self, *, mllp_port: int | None, fhir_port: int | None) -> tuple[int, int]:
        """Listen on the ports that are not None; 0 lets the system choose one.

        Returns:
            The ports of MLLP and FHIR; 0 for one that was left out.

        Raises:
            ConfigurationError: certificates cannot be read, or a port is taken.
        """
        settings = self._settings
        ports = [0, 0]
        try:
            if mllp_port is not None:
                tls = _tls(settings, settings.gateway_client_ca)
                ports[0] = await self._mllp.start(settings.gateway_address, mllp_port, tls)
        except OSError as error:
            raise ConfigurationError(f"cannot listen for MLLP: {type(error).__name__}") from None
        if fhir_port is not None:
            tls = _tls(settings, None)
            ports[1] = await self._fhir.start(settings.gateway_address, fhir_port, tls)
        log.info("gateway started", mllp_port=ports[0], fhir_port=ports[1])
        return ports[0], ports[1]

    async def close(self) -> None:
        """Stop listening."""
        await self._mllp.close()
        await self._fhir.close()


async def run_gateway(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: no port is set, the listeners cannot start, or a topic is refused.
    """
    if not (settings.gateway_mllp_port or settings.gateway_fhir_port):
        raise ConfigurationError("set ADEWATCH_GATEWAY_MLLP_PORT or ADEWATCH_GATEWAY_FHIR_PORT")
    components = Components(settings)
    gateway = Gateway(components)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    backoff = Backoff(
        initial_seconds=settings.retry_initial_seconds, max_seconds=settings.retry_max_seconds
    )
    try:
        metrics.serve(settings.metrics_port, address=settings.metrics_address)
        # The listeners open at once: until the topics are there, senders are told to come again.
        topics = asyncio.create_task(
            insist(partial(create_topics, settings), what="gateway", backoff=backoff)
        )
        await gateway.start(
            mllp_port=settings.gateway_mllp_port or None,
            fhir_port=settings.gateway_fhir_port or None,
        )
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({stopped, topics}, return_when=asyncio.FIRST_COMPLETED)
        if not stopped.done():
            topics.result()  # a topic that the broker refuses will not come
            await stopped
        topics.cancel()
    finally:
        await gateway.close()
        await components.close()


def _tls(settings: Settings, client_ca: Path | None) -> ssl.SSLContext | None:
    """TLS 1.2 or newer; with `client_ca`, only for clients with a certificate of it."""
    if settings.gateway_tls_certificate is None:
        if settings.gateway_client_ca is not None or settings.gateway_tls_key is not None:
            raise ConfigurationError(
                "ADEWATCH_GATEWAY_CLIENT_CA and ADEWATCH_GATEWAY_TLS_KEY need"
                " ADEWATCH_GATEWAY_TLS_CERTIFICATE"
            )
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with _readable("ADEWATCH_GATEWAY_TLS_CERTIFICATE with ADEWATCH_GATEWAY_TLS_KEY"):
        # Without a password OpenSSL would ask for that of an encrypted key, and wait.
        context.load_cert_chain(
            settings.gateway_tls_certificate, settings.gateway_tls_key, password=""
        )
    if client_ca is not None:
        with _readable("ADEWATCH_GATEWAY_CLIENT_CA"):
            context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def _readable(files: str) -> Iterator[None]:
    """What is wrong with the files of settings: the kind of the fault, never their content."""
    fault = ""
    try:
        yield
    except ssl.SSLError as error:
        fault = error.reason or "not PEM, or encrypted"
    except OSError as error:
        fault = type(error).__name__
    if fault:
        raise ConfigurationError(f"{files} cannot be used: {fault}")
