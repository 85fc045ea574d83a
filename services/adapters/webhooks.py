"""Sends webhooks, and never to where they must not go.

The receiver's URL is chosen by whoever subscribes, so the service could be made to call its own
network (server-side request forgery). Every request therefore resolves the host, refuses it if any
of its addresses is not public and not in the allow-list, and connects to the very address that
was checked: a name that answers differently a moment later (DNS rebinding) gains nothing. TLS and
the Host header still use the name. No redirects, no proxy of the environment, no kept connections,
and no more of an answer than its head is waited for.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path

import httpx

from services.core.alert_ports import Answer
from services.core.errors import ConfigurationError
from services.core.signing import SigningSecret, parse_secrets

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the addresses behind it; raises OSError."""

DEFAULT_TIMEOUT_SECONDS = 15.0
_CONNECT_TIMEOUT_SECONDS = 5.0
_MAX_ADDRESSES = 4
_MAX_SECRET_FILE_BYTES = 16 * 1024
_ENVIRONMENT_PREFIX = "env:"

# An IPv4 address within these is reached by way of a translator: ipaddress calls them global.
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


class TargetRefused(httpx.RequestError):
    """The URL leads to where no webhook may go."""


class ResolutionFailed(httpx.ConnectError):
    """The host has no address now."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the operating system knows for a host, in its order of preference."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks such as `10.1.0.0/16` or `fd00::/8`.

    Raises:
        ConfigurationError: one is not a network.
    """
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise ConfigurationError(f"webhook_allowed_networks: {error}") from None


def may_connect(address: str, allowed: Sequence[Network]) -> bool:
    """Whether webhooks may go to an address: it is public, or in the allow-list.

    Refused besides private, loopback, link-local, reserved, multicast and unspecified addresses
    are IPv6 addresses that carry an IPv4 one, since they lead to it. An IPv4-mapped one is in the
    allow-list when its IPv4 address is.
    """
    try:
        found: Address = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    # A network of the other version contains nothing.
    if any(item in network for item in (found, mapped) if item for network in allowed):
        return True
    if isinstance(found, IPv6Address) and (
        mapped or found.sixtofour or found.teredo or any(found in net for net in _TRANSLATED)
    ):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


class PinnedTransport(httpx.AsyncBaseTransport):
    """Resolves, checks, and connects to the checked address.

    Args:
        allowed: networks that are not public and yet allowed.
        allow_insecure: whether http is allowed.
        resolver: finds addresses.
        ssl_context: for TLS; None for the public authorities that httpx ships.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[Network],
        allow_insecure: bool,
        resolver: Resolver,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._allowed = tuple(allowed)
        self._schemes = {"https", "http"} if allow_insecure else {"https"}
        self._resolver = resolver
        # Kept connections are found by address: one opened for another name must not be reused.
        self._inner = httpx.AsyncHTTPTransport(
            verify=True if ssl_context is None else ssl_context,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first checked address that accepts a connection."""
        if request.url.scheme not in self._schemes:
            raise TargetRefused("the scheme is not allowed", request=request)
        addresses = await self._addresses(request)
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent: the next address may answer
        return await self._inner.handle_async_request(_pinned(request, addresses[-1]))

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()

    async def _addresses(self, request: httpx.Request) -> Sequence[str]:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            addresses = await self._resolver(url.raw_host.decode("ascii"), port)
        except (OSError, UnicodeError):
            addresses = ()
        if not addresses:
            raise ResolutionFailed("the host has no address", request=request)
        # One bad address is enough: which one is tried first is not ours to decide.
        if not all(may_connect(address, self._allowed) for address in addresses):
            raise TargetRefused("an address of the host is not allowed", request=request)
        return addresses[:_MAX_ADDRESSES]


class HttpxSender:
    """Implements `WebhookSender`; one per process, closed at its end.

    Args:
        allowed: networks that are not public and yet allowed, from `parse_networks`.
        allow_insecure: whether http is allowed (on a laptop).
        timeout_seconds: for everything from resolving to the head of the answer; the
            specification recommends 15 to 30.
        resolver: finds addresses.
        ssl_context: for TLS, when receivers have certificates of a private authority.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        allow_insecure: bool = False,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        resolver: Resolver = resolve,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._client = httpx.AsyncClient(
            transport=PinnedTransport(
                allowed=allowed,
                allow_insecure=allow_insecure,
                resolver=resolver,
                ssl_context=ssl_context,
            ),
            timeout=httpx.Timeout(
                timeout_seconds, connect=min(timeout_seconds, _CONNECT_TIMEOUT_SECONDS)
            ),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST the body; see `WebhookSender`. The body of the answer is not read."""
        try:
            # httpx times each step; a receiver that drips needs a bound on their sum.
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream("POST", url, content=body, headers=dict(headers)) as response,
            ):
                return Answer(
                    status=response.status_code, retry_after=response.headers.get("retry-after")
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Answer(error=_kind(error))

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()


class SecretFiles:
    """Implements `SecretSource`: a file's path, or `env:NAME` for an environment variable.

    Read anew for every attempt, so that a secret is replaced without a restart.
    """

    def secrets(self, reference: str) -> tuple[SigningSecret, ...]:
        """One secret per line, the newest first; all sign."""
        return parse_secrets(_read_secrets(reference))


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    extensions = dict(request.extensions)
    if not _is_address(request.url.host):
        # Asked for in the TLS handshake, and what the certificate must be for.
        extensions["sni_hostname"] = request.url.raw_host.decode("ascii")
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # with the Host that the URL named
        stream=request.stream,
        extensions=extensions,
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _kind(error: Exception) -> str:
    """A stable name for a failure, fit for a table and a metric."""
    if isinstance(error, TargetRefused):
        return "target-refused"
    if isinstance(error, ResolutionFailed):
        return "unresolved"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "timeout"
    if isinstance(error, httpx.ConnectError):
        return "tls" if _caused_by_tls(error) else "connect"
    if isinstance(error, httpx.NetworkError):
        return "connection-lost"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "invalid-url"
    return "protocol"


def _caused_by_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _read_secrets(reference: str) -> str:
    name = reference.removeprefix(_ENVIRONMENT_PREFIX)
    if name != reference:
        value = os.environ.get(name)
        if value is None:
            raise ConfigurationError("the environment variable of a webhook secret is not set")
        return value
    try:
        with Path(reference).open("rb") as file:
            content = file.read(_MAX_SECRET_FILE_BYTES)
        return content.decode("ascii")
    except (OSError, ValueError):
        raise ConfigurationError("the file of a webhook secret cannot be read") from None
