"""Signatures against the specification's library and its published vector."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.core.errors import ConfigurationError
from services.core.signing import (
    SigningSecret,
    new_secret,
    parse_secret,
    parse_secrets,
    sign,
    signed_headers,
)

# libraries/python/tests/test_webhooks.py, test_sign_function
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIMESTAMP = 1614265330
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OLD, NEW, OTHER = (SigningSecret(bytes([number]) * 32) for number in (1, 2, 3))


def verifies(secret: SigningSecret, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret.serialized()).verify(body, headers, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def test_the_vector_of_the_specification_is_reproduced() -> None:
    secret = parse_secret(VECTOR_SECRET)
    signature = sign(secret, message_id=VECTOR_ID, timestamp=VECTOR_TIMESTAMP, body=VECTOR_BODY)
    assert signature == VECTOR_SIGNATURE


@given(
    key=st.binary(min_size=24, max_size=64),
    message_id=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
    timestamp=st.integers(0, 2**32),
    body=st.text(st.characters(codec="utf-8")),
)
def test_we_and_the_library_sign_alike(
    key: bytes, message_id: str, timestamp: int, body: str
) -> None:
    secret = SigningSecret(key)
    theirs = Webhook(secret.serialized()).sign(
        message_id, datetime.fromtimestamp(timestamp, UTC), body
    )
    ours = sign(secret, message_id=message_id, timestamp=timestamp, body=body.encode())
    assert ours == theirs


def test_the_library_verifies_our_headers_and_refuses_changed_ones() -> None:
    headers = signed_headers([NEW], message_id="id", sent_at=datetime.now(UTC), body=b"{}")
    assert verifies(NEW, headers, b"{}")
    assert not verifies(NEW, headers, b"{ }")
    assert not verifies(NEW, headers | {"webhook-id": "other"}, b"{}")
    assert not verifies(OTHER, headers, b"{}")


def test_while_secrets_rotate_both_verify() -> None:
    headers = signed_headers([NEW, OLD], message_id="id", sent_at=datetime.now(UTC), body=b"{}")
    assert verifies(NEW, headers, b"{}")
    assert verifies(OLD, headers, b"{}")
    assert not verifies(OTHER, headers, b"{}")


def test_the_timestamp_is_in_whole_seconds() -> None:
    sent_at = datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC)
    headers = signed_headers([NEW], message_id="id", sent_at=sent_at, body=b"{}")
    assert headers["webhook-timestamp"] == "1767225600"


def test_a_full_stop_in_the_id_is_refused() -> None:
    with pytest.raises(ValueError, match="full stop"):
        sign(NEW, message_id="a.1", timestamp=1, body=b"")


def test_nothing_is_sent_unsigned() -> None:
    with pytest.raises(ValueError, match="unsigned"):
        signed_headers([], message_id="id", sent_at=datetime.now(UTC), body=b"")


@pytest.mark.parametrize("size", [24, 25, 26, 32, 64])
def test_secrets_survive_their_serialization_with_and_without_padding(size: int) -> None:
    secret = SigningSecret(bytes(range(size)))
    assert parse_secret(secret.serialized()) == secret
    assert parse_secret(secret.serialized().rstrip("=") + "\n") == secret


@pytest.mark.parametrize(
    "text",
    [
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        base64.b64encode(bytes(32)).decode(),
        "whsk_" + base64.b64encode(bytes(32)).decode(),
        "whsec_" + "ä" * 32,
        "whsec_!!!!" + base64.b64encode(bytes(32)).decode(),
        "whsec_",
    ],
)
def test_malformed_secrets_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_secret(text)
    assert text.removeprefix("whsec_")[:8] not in str(caught.value) or text == "whsec_"


def test_a_secret_does_not_show_itself() -> None:
    assert "key" not in repr(NEW)


def test_a_file_of_secrets_has_one_per_line_newest_first() -> None:
    text = f"# rotated in May\n{NEW.serialized()}\n\n  {OLD.serialized()}\r\n"
    assert parse_secrets(text) == (NEW, OLD)


def test_a_file_without_a_secret_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no webhook secret"):
        parse_secrets("\n# nothing yet\n")


def test_new_secrets_have_32_bytes_of_the_given_source() -> None:
    assert new_secret(lambda size: b"r" * size).key == b"r" * 32
