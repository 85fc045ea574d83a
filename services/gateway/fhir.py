"""The FHIR endpoint: documents, Bundles and notifications of Subscriptions, by POST or PUT.

    POST /fhir                      a Bundle (also batch and transaction)
    POST /fhir/DocumentReference    PUT /fhir/DocumentReference/ID
    POST /fhir/Bundle               POST or PUT /fhir/Patient[/ID]  (links become merges)
    GET  /fhir/metadata             a CapabilityStatement

A Subscription's channel points to /fhir with payload application/fhir+json: R4 servers then POST
or PUT the resource, others a notification Bundle, which needs content `full-resource`.

Every answer but that of a batch is an OperationOutcome. 2xx: Kafka has all of it. 4xx: nothing of
it was of use; it is kept as a dead letter (but 401, 404, 405, 413 of a body that was never read,
and 415). 503: send it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.core.errors import DependencyUnavailable
from services.gateway.door import Door, Receipt
from services.gateway.outcome import (
    Resource,
    batch_response,
    issue,
    operation_outcome,
    refusals,
    status_of,
)
from services.gateway.tokens import Tokens

log = structlog.get_logger(__name__)

PROTOCOL = "fhir"
MEDIA_TYPE = "application/fhir+json"
_ACCEPTED_TYPES = frozenset(["application/fhir+json", "application/json", "application/json+fhir"])
_TYPES = frozenset(["DocumentReference", "Bundle", "Patient"])
_RETRY_AFTER_SECONDS = "10"
_BATCHES = frozenset(["batch", "transaction"])


class FhirEndpoint:
    """The endpoint.

    Args:
        door: what is done with messages.
        tokens: who may send.
        max_body_bytes: longest body.
        body_seconds: how long a body may take to arrive.
        source_header: the header of a message that says who sent it.
    """

    def __init__(
        self,
        door: Door,
        tokens: Tokens,
        *,
        max_body_bytes: int,
        body_seconds: float,
        source_header: str,
    ) -> None:
        self._door = door
        self._tokens = tokens
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._source_header = source_header

    def app(self) -> Starlette:
        """The endpoint as an ASGI application."""
        return Starlette(
            routes=[
                Route("/fhir/metadata", self._metadata, methods=["GET"]),
                Route("/fhir", self._take, methods=["POST"]),
                Route("/fhir/", self._take, methods=["POST"]),
                Route("/fhir/{type}", self._take, methods=["POST", "PUT"]),
                Route("/fhir/{type}/{id}", self._take, methods=["POST", "PUT"]),
            ],
            exception_handlers={HTTPException: _http_error, Exception: _fault},
        )

    async def _metadata(self, request: Request) -> Response:
        return _answer(200, _CAPABILITIES)

    async def _take(self, request: Request) -> Response:
        name = self._tokens.name_of(request.headers.get("authorization", ""))
        if name is None:
            return _error(401, "unauthenticated", "", {"www-authenticate": "Bearer"})
        if request.path_params.get("type", "Bundle") not in _TYPES:
            return _error(404, "not-found", "DocumentReference, Patient and Bundle are taken")
        if _media_type(request) not in _ACCEPTED_TYPES or "content-encoding" in request.headers:
            return _error(415, "unsupported-format", f"send {MEDIA_TYPE}, not compressed")
        try:
            body = await asyncio.wait_for(self._body(request), self._body_seconds)
        except TimeoutError:
            return _error(408, "timeout", "the body did not arrive in time")
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return _error(413, "too-large", f"at most {self._max_body_bytes} bytes")
        headers = {"content-type": MEDIA_TYPE.encode(), self._source_header: name.encode()}
        try:
            receipt = await self._door.take(PROTOCOL, body, headers)
        except DependencyUnavailable as error:
            return _error(
                503, "unavailable", error.dependency, {"retry-after": _RETRY_AFTER_SECONDS}
            )
        return _response(request, body, receipt)

    async def _body(self, request: Request) -> bytes | None:
        """The body, or None if it is too long."""
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > self._max_body_bytes:
            return None
        chunks: list[bytes] = []
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > self._max_body_bytes:
                return None
            chunks.append(chunk)
        return b"".join(chunks)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _response(request: Request, body: bytes, receipt: Receipt) -> Response:
    if receipt.rejected:
        issues = refusals(receipt.refused, "error", in_bundle=False)
        return _answer(status_of(receipt.refused[0].reason), operation_outcome(*issues))
    kind, entries = _bundle_of(body)
    if kind in _BATCHES:
        return _answer(200, batch_response(kind, entries, receipt.refused))
    counts = f"{receipt.notes} notes, {receipt.merges} merges"
    issues = [
        issue("information", "accepted", counts),
        *refusals(receipt.refused, "warning", in_bundle=bool(kind)),
    ]
    created = request.method == "POST" and not kind
    return _answer(201 if created else 200, operation_outcome(*issues))


def _bundle_of(body: bytes) -> tuple[str, int]:
    """Type and number of entries of a Bundle that was read; "" for other resources."""
    resource = from_json(body.removeprefix(b"\xef\xbb\xbf"))
    if not isinstance(resource, dict) or resource.get("resourceType") != "Bundle":
        return "", 0
    return str(resource.get("type") or "collection"), len(resource.get("entry") or [])


def _answer(status: int, resource: Resource, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(resource, status, headers, f"{MEDIA_TYPE}; charset=utf-8")


def _error(
    status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    return _answer(status, operation_outcome(issue("error", reason, detail)), headers)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error(status, "not-found", "see /fhir/metadata")


async def _fault(request: Request, error: Exception) -> Response:
    log.error("gateway fault", protocol=PROTOCOL, exc_info=error)
    return _error(500, "unavailable", "internal error")


_CAPABILITIES: Resource = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "date": "2026-11-28",
    "kind": "capability",
    "fhirVersion": "4.0.1",
    "format": ["json"],
    "rest": [
        {
            "mode": "server",
            "security": {"description": "Bearer token"},
            "resource": [
                {"type": name, "interaction": [{"code": "create"}, {"code": "update"}]}
                for name in sorted(_TYPES)
            ],
            "interaction": [{"code": "batch"}, {"code": "transaction"}],
        }
    ],
}
