"""The wire refuses what is no message, and says nothing of its values."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.adapters import wire
from services.adapters.wire_checks import Contract
from services.core.contracts import Extraction, Note, PairDelta, PatientMerge
from services.core.errors import InvalidMessage
from services.core.signal_contracts import Alert, Measure, Signal
from tests.samples.messages import (
    ALERT,
    EXTRACTION,
    MERGE,
    NOTE,
    PAIR_DELTA,
    SIGNAL,
    WATCHED,
    WHEN,
    changed,
    refused,
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"\xff{}", "not-json"),
        (b'{"text": NaN}', "not-json"),
        (b"[" * 100_000, "not-json"),
        (b'{"text": "\\ud800"}', "not-json"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b"{}", "schema-invalid"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, reason: str) -> None:
    assert refused(Note, data).reason == reason


@pytest.mark.parametrize(
    "values",
    [
        {"version": "2"},
        {"version": 2.5},
        {"version": True},
        {"text": None},
        {"text": 5},
        {"status": "gone"},
        {"sex": "FEMALE"},
        {"written_at": "2026-03-02T10:15:00"},
        {"written_at": "yesterday"},
        {"written_at": 1_772_446_500},
        {"written_at": "0001-01-01T00:00:00+10:00"},
    ],
)
def test_wrong_types_are_refused_by_field(values: dict[str, object]) -> None:
    error = refused(Note, changed(NOTE, **values))
    assert error.reason == "schema-invalid"
    assert next(iter(values)) in error.detail


def _with_mention(**values: object) -> bytes:
    payload = json.loads(wire.encode(EXTRACTION))
    payload["mentions"][0].update(values)
    return json.dumps(payload).encode()


def _with(part: str, **values: object) -> bytes:
    """The snapshot of a signal with something else in one of its parts."""
    payload = json.loads(wire.encode(WATCHED))
    payload[part].update(values)
    return json.dumps(payload).encode()


def _with_relation(**values: object) -> bytes:
    payload = json.loads(wire.encode(EXTRACTION))
    payload["relations"][0].update(values)
    return json.dumps(payload).encode()


@pytest.mark.parametrize(
    ("cls", "data"),
    [
        (Note, changed(NOTE, version=0)),
        (Note, changed(NOTE, version=2**63)),
        (Note, changed(NOTE, age_years=-1)),
        (Note, changed(NOTE, source="")),
        (Extraction, _with_mention(start=6)),
        (Extraction, _with_mention(start=-1)),
        (Extraction, _with_mention(end=5)),
        (Extraction, _with_mention(probability=1.5)),
        (Extraction, _with_mention(concept="")),
        (Extraction, _with_mention(mention_id="m2")),
        (Extraction, _with_relation(drug_id="m9")),
        (Extraction, _with_relation(drug_id="m1")),
        (Extraction, _with_relation(event_id="m2")),
        (Extraction, _with_relation(evidence_end=0)),
        (Extraction, _with_relation(evidence_text="nausea")),
        (Extraction, changed(EXTRACTION, status="retracted")),
        (PairDelta, changed(PAIR_DELTA, sequence=0)),
        (PairDelta, changed(PAIR_DELTA, event="")),
        (Signal, changed(SIGNAL, revision=0)),
        (Signal, changed(SIGNAL, counts={"n11": 13, "drug": 9, "event": 12, "total": 240})),
        (Signal, _with("theta", alpha1=0.0)),
        (Signal, _with("theta", weight=1.5)),
        (Signal, _with("theta", fit=0)),
        (Signal, _with("boundary", alpha=1.0)),
        (Signal, _with("boundary", pairs=0)),
        (Signal, _with("boundary", minimum_cases=0)),
        (Signal, _with("boundary", horizon=0.0)),
        (Signal, _with("boundary", critical_value=-1.0)),
        (Alert, changed(ALERT, counts={"n11": 3, "drug": 9, "event": 12, "total": 10})),
    ],
)
def test_contradictions_are_refused(cls: type[Contract], data: bytes) -> None:
    assert refused(cls, data).reason == "inconsistent"


def _everything_said_of(error: BaseException) -> str:
    said = ""
    link: BaseException | None = error
    while link is not None:
        said += f"{link} {link!r}"
        link = link.__cause__ or link.__context__
    return said


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: wire.decode(Note, changed(NOTE, text=["PATIENT WORDS"])),
        lambda: wire.decode(Note, changed(NOTE, status="PATIENT WORDS")),
        lambda: wire.decode(Note, changed(NOTE, written_at="PATIENT WORDS")),
        lambda: wire.decode(Extraction, _with_mention(text="PATIENT WORDS")),
        lambda: wire.decode(Signal, changed(SIGNAL, counts={"PATIENT WORDS": 1})),
        lambda: wire.decode(Note, b'{"text": "PATIENT WORDS'),
        lambda: wire.encode(replace(NOTE, text="PATIENT WORDS \ud800")),
    ],
)
def test_no_value_of_the_message_is_in_the_error(attempt: Callable[[], object]) -> None:
    with pytest.raises(InvalidMessage) as caught:
        attempt()
    assert "PATIENT" not in _everything_said_of(caught.value)


def test_what_json_cannot_say_is_not_encoded() -> None:
    unsayable: list[Contract] = [
        replace(SIGNAL, measures=(Measure(name="prr", estimate=float("nan")),)),
        replace(NOTE, text="\udfff"),
        replace(NOTE, written_at=WHEN.replace(tzinfo=None)),
    ]
    for message in unsayable:
        with pytest.raises(InvalidMessage, match="not-encodable"):
            wire.encode(message)


def test_a_patient_is_not_merged_with_itself() -> None:
    assert refused(PatientMerge, changed(MERGE, retired="k1-a")).reason == "inconsistent"
