"""Any bytes end as a note or as a refusal that does not repeat them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.adapters import wire
from services.adapters.wire_checks import Contract
from services.core.contracts import Note
from services.core.errors import InvalidMessage
from services.ingest.recognise import parse
from tests.samples.hospital import INTAKE

T = TypeVar("T")
REQUIRED = "source note_id patient_key written_at text"
OPTIONAL = "schema_version version status sex age_years note_type"
SECRET = "Zyxwvutsr"
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([SECRET, "2026-03-02T10:15:00Z", "9999-12-31T23:59:59-23:59", "current", ""])
    | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just(SECRET), inner, max_size=1),
    max_leaves=5,
)
VALID = {
    "source": st.just("s"),
    "note_id": st.text("abc", min_size=1),
    "patient_key": st.text("abc", min_size=1),
    "written_at": st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    "text": st.text(st.characters()),
}
NAMES = [*REQUIRED.split(), *OPTIONAL.split(), SECRET]
NEARLY = st.fixed_dictionaries(
    VALID, optional=dict.fromkeys([*OPTIONAL.split(), SECRET], VALUES)
).map(lambda payload: json.dumps(payload).encode())
WRONG = st.dictionaries(st.sampled_from(NAMES), VALUES).map(
    lambda payload: json.dumps(payload).encode()
)
CUT = st.tuples(NEARLY, st.integers(0, 400)).map(lambda both: both[0][: both[1]])
CONTENT_TYPES = st.none() | st.sampled_from(["application/json", "application/hl7-v2", SECRET])


def attempt(read: Callable[[], T]) -> tuple[T | None, InvalidMessage | None]:
    """What was read, or why it was refused; any other error fails the test."""
    try:
        return read(), None
    except InvalidMessage as error:
        return None, error


def assert_discreet(refusal: InvalidMessage | None) -> None:
    assert refusal is not None
    assert refusal.reason
    assert SECRET not in str(refusal)
    assert refusal.__cause__ is None
    assert refusal.__context__ is None


@given(st.binary() | NEARLY | WRONG | CUT, CONTENT_TYPES)
@example(b"[" * 100_000, None)
@example(b'{"a":' * 100_000, None)
@example(b'{"version":' + b"9" * 100_000 + b"}", None)
@example(b'{"version":1e' + b"9" * 1_000 + b"}", None)
@example(b'{"text":"\\ud83d\\ud83d"}', None)
@example(b'{"text":"a","text":"b"}', None)
@example(b'{"resourceType":1}', None)
def test_any_bytes_end_as_a_note_or_a_refusal(data: bytes, content_type: str | None) -> None:
    reading, refusal = attempt(lambda: parse(data, INTAKE, content_type=content_type))
    if reading is None:
        assert_discreet(refusal)
        return
    for note in reading.notes:
        assert wire.decode(Note, wire.encode(note)) == note
        assert note.written_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("cls", wire.SCHEMA_VERSIONS)
@given(data=st.binary() | NEARLY | WRONG | CUT)
@example(data=b"[" * 100_000)
@example(data=b'{"counts":{"n11":' + b"9" * 10_000 + b"}}")
def test_the_wire_refuses_or_reads_any_bytes(cls: type[Contract], data: bytes) -> None:
    message, refusal = attempt(lambda: wire.decode(cls, data))
    if message is None:
        assert_discreet(refusal)
    else:
        assert wire.decode(cls, wire.encode(message)) == message
