"""A receiver of webhooks for trying the service out.

    python -m deploy.local.receiver --port 9000 --secret-file hook.secret --make-secret \\
        --record received.jsonl

Verifies every request with the library of the specification, answers 204 or 401, and appends one
JSON line per request it judged to the record. Listens on 127.0.0.1 only.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import threading
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.core.errors import ConfigurationError
from services.core.signing import SigningSecret, new_secret, parse_secrets

MAX_BODY_BYTES = 64 * 1024
_SOCKET_TIMEOUT_SECONDS = 10


class Receiver(ThreadingHTTPServer):
    """The server; `serve_forever` and `shutdown` as in the standard library.

    Args:
        port: 0 for any free one; `server_port` says which.
        signing_secrets: any of them may have signed.
        record: file of JSON lines that is appended to; None for none.
        fail_first: so many requests are answered 503 before one is accepted.
    """

    daemon_threads = True

    def __init__(
        self,
        *,
        port: int,
        signing_secrets: tuple[SigningSecret, ...],
        record: Path | None,
        fail_first: int = 0,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._verifiers = [Webhook(secret.serialized()) for secret in signing_secrets]
        self._record = record
        self._failures_left = fail_first
        self._lock = threading.Lock()

    def receive(self, headers: dict[str, str], body: bytes) -> HTTPStatus:
        """Verify one request and keep it; returns what to answer."""
        with self._lock:
            if self._failures_left > 0:
                self._failures_left -= 1
                return HTTPStatus.SERVICE_UNAVAILABLE
            verified = any(_verifies(verifier, body, headers) for verifier in self._verifiers)
            self._keep(headers.get("webhook-id"), verified, body)
        return HTTPStatus.NO_CONTENT if verified else HTTPStatus.UNAUTHORIZED

    def _keep(self, webhook_id: str | None, verified: bool, body: bytes) -> None:
        received_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        print(f"{received_at} {webhook_id} {'verified' if verified else 'REFUSED'}", flush=True)  # noqa: T201
        if self._record is None:
            return
        line = {
            "received_at": received_at,
            "webhook_id": webhook_id,
            "verified": verified,
            "body": _parsed(body),
        }
        with self._record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    timeout = _SOCKET_TIMEOUT_SECONDS

    def do_GET(self) -> None:
        found = self.path == "/health"
        self._answer(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(self.server.receive(headers, body))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """One line per webhook is printed already."""

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("content-length", "0")
        self.end_headers()


def make_secret_file(path: Path) -> None:
    """Write a new secret that only its owner may read, unless the file exists."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(new_secret(secrets.token_bytes).serialized() + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        if options.make_secret:
            make_secret_file(options.secret_file)
        signing_secrets = parse_secrets(options.secret_file.read_text(encoding="ascii"))
        server = Receiver(
            port=options.port,
            signing_secrets=signing_secrets,
            record=options.record,
            fail_first=options.fail_first,
        )
    except (OSError, ValueError, ConfigurationError) as error:
        print(f"receiver: {error}", file=sys.stderr)  # noqa: T201
        return 1

    def end(number: int, frame: FrameType | None) -> None:
        # `shutdown` waits for the loop that this handler interrupts.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)  # noqa: T201
    with server:
        server.serve_forever(poll_interval=0.1)
    return 0


def _verifies(verifier: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        verifier.verify(body, headers)
    except (WebhookVerificationError, ValueError):
        return False  # the library lets malformed text and base64 escape as ValueError
    return True


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.receiver", description="Receives and verifies webhooks."
    )
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 for any")
    parser.add_argument("--secret-file", type=Path, required=True, help="one secret per line")
    parser.add_argument("--make-secret", action="store_true", help="make that file if missing")
    parser.add_argument("--record", type=Path, help="append one JSON line per request to it")
    parser.add_argument(
        "--fail-first", type=int, default=0, metavar="N", help="answer 503 to N requests first"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
