"""Signatures of webhooks: the symmetric scheme `v1` of Standard Webhooks 1.0.0.

A receiver checks HMAC-SHA256 over `{id}.{timestamp}.{body}`. With several secrets there are
several signatures, so that a receiver may hold the old or the new one while a secret is replaced.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.core.errors import ConfigurationError

PREFIX = "whsec_"
MIN_BYTES, MAX_BYTES = 24, 64
NEW_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A symmetric key of 24 to 64 bytes; its representation does not show it."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not MIN_BYTES <= len(self.key) <= MAX_BYTES:
            raise ConfigurationError(
                f"a webhook secret has {MIN_BYTES} to {MAX_BYTES} bytes, this one {len(self.key)}"
            )

    def serialized(self) -> str:
        """The secret as it is given to a receiver: `whsec_` and base64."""
        return PREFIX + base64.b64encode(self.key).decode("ascii")


def parse_secret(text: str) -> SigningSecret:
    """Read a serialized secret; padding may be missing, as the spec's library allows.

    Raises:
        ConfigurationError: wrong prefix, base64 or length. The message does not show the secret.
    """
    text = text.strip()
    if not text.startswith(PREFIX):
        raise ConfigurationError(f"a webhook secret starts with {PREFIX}")
    encoded = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"a webhook secret is base64 after {PREFIX}") from None
    return SigningSecret(key)


def parse_secrets(text: str) -> tuple[SigningSecret, ...]:
    """Read one secret per line, the newest first; blank lines and `#` comments are skipped.

    Raises:
        ConfigurationError: there is none, or one is malformed.
    """
    lines = (line.strip() for line in text.splitlines())
    secrets = tuple(parse_secret(line) for line in lines if line and not line.startswith("#"))
    if not secrets:
        raise ConfigurationError("there is no webhook secret")
    return secrets


def new_secret(random_bytes: Callable[[int], bytes]) -> SigningSecret:
    """Make a secret from a cryptographic source such as `secrets.token_bytes`."""
    return SigningSecret(random_bytes(NEW_SECRET_BYTES))


def sign(secret: SigningSecret, *, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature: `v1,` and base64 of the HMAC-SHA256.

    Args:
        secret: the key.
        message_id: must not contain a full stop, which separates the signed parts.
        timestamp: of this attempt, in whole seconds since the epoch.
        body: exactly the bytes that are sent.
    """
    if "." in message_id:
        raise ValueError("a webhook id must not contain a full stop")
    content = b".".join((message_id.encode("utf-8"), str(timestamp).encode("ascii"), body))
    digest = hmac.new(secret.key, content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def signed_headers(
    secrets: Sequence[SigningSecret], *, message_id: str, sent_at: datetime, body: bytes
) -> dict[str, str]:
    """The three headers of one attempt, with one signature per secret.

    Args:
        secrets: at least one, the newest first.
        message_id: the same for every attempt; receivers recognise repeats by it.
        sent_at: the time of this attempt, aware.
        body: exactly the bytes that are sent.
    """
    if not secrets:
        raise ValueError("a webhook is never sent unsigned")
    timestamp = int(sent_at.timestamp())
    signatures = (
        sign(secret, message_id=message_id, timestamp=timestamp, body=body) for secret in secrets
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
