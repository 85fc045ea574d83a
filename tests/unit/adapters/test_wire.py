"""The wire: same bytes for same messages, older versions read, no input value in an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from services.adapters import schemas, wire
from services.adapters.wire_checks import Contract
from services.core.contracts import (
    Assertion,
    Coding,
    Extraction,
    Mention,
    MentionType,
    Note,
    NoteStatus,
    PairDelta,
    PatientMerge,
    Relation,
    Sex,
    Table,
    Versions,
)
from services.core.errors import InvalidMessage
from services.core.signal_contracts import (
    Alert,
    Boundary,
    Measure,
    MeasureFlag,
    Signal,
    SignalState,
    Theta,
    Transition,
)

FIXTURES = Path(__file__).parent / "wire_v1"
WHEN = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
VERSIONS = Versions(ner="1", relation="1", rules="r1", vocabulary="none")

NOTE = Note(
    source="st-marien",
    note_id="dm-0001",
    version=2,
    patient_key="p001",
    written_at=WHEN,
    text="Übelkeit – nausea on amoxicillin.\n",
    sex=Sex.FEMALE,
    age_years=67,
    note_type="discharge summary",
)
EXTRACTION = Extraction(
    source="st-marien",
    note_id="dm-0001",
    version=2,
    status=NoteStatus.CURRENT,
    patient_key="p001",
    written_at=WHEN,
    sex=Sex.FEMALE,
    age_years=67,
    note_type=None,
    mentions=(
        Mention(
            mention_id="m1",
            type=MentionType.ADE,
            start=0,
            end=6,
            text="nausea",
            probability=0.9,
            concept="nausea",
        ),
        Mention(
            mention_id="m2",
            type=MentionType.DRUG,
            start=10,
            end=21,
            text="amoxicillin",
            probability=0.99,
            concept="amoxicillin",
        ),
    ),
    relations=(
        Relation(
            relation_id="r1",
            drug_id="m2",
            event_id="m1",
            probability=0.8,
            assertion=Assertion.AFFIRMED,
            evidence_start=0,
            evidence_end=22,
            evidence_text="nausea on amoxicillin.",
        ),
    ),
    versions=VERSIONS,
)
PAIR_DELTA = PairDelta(sequence=7, drug="amoxicillin", event="nausea", delta=-1, recorded_at=WHEN)
MEASURES = (
    Measure(name="prr", estimate=3.5, lower=2.0, upper=6.1),
    Measure(name="ror", estimate=None, flag=MeasureFlag.INFINITE),
)
SIGNAL = Signal(
    drug="amoxicillin",
    event="nausea",
    revision=1,
    transition=Transition.DETECTED,
    state=SignalState.DETECTED,
    rule="evans",
    counts=Table(3, 9, 12, 240),
    measures=MEASURES,
    ledger_sequence=7,
    versions=(VERSIONS,),
    occurred_at=WHEN,
)
THETA = Theta(alpha1=3.25, beta1=0.4, alpha2=2.02, beta2=1.91, weight=0.065, fit=4)
BOUNDARY = Boundary(alpha=0.05, pairs=750, horizon=1000.0, minimum_cases=3, critical_value=11.5)
WATCHED = replace(SIGNAL, theta=THETA, boundary=BOUNDARY)
ALERT = Alert(
    alert_id="a1",
    signal_id=SIGNAL.signal_id,
    transition=Transition.DETECTED,
    state=SignalState.DETECTED,
    drug="amoxicillin",
    event="nausea",
    rule="evans",
    counts=Table(3, 9, 12, 240),
    measures=MEASURES,
    occurred_at=WHEN,
    link="https://adewatch.example/signals/1",
)
MERGE = PatientMerge(source="st-marien", surviving="k1-a", retired="k1-b", occurred_at=WHEN)
MESSAGES: dict[str, Contract] = {
    "note": NOTE,
    "extraction": EXTRACTION,
    "pair_delta": PAIR_DELTA,
    "signal": SIGNAL,
    "alert": ALERT,
    "patient_merge": MERGE,
}


def changed(message: Contract, **values: object) -> bytes:
    return json.dumps(json.loads(wire.encode(message)) | values).encode()


def refused(cls: type[Contract], data: bytes) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        wire.decode(cls, data)
    return caught.value


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_survives_the_wire(name: str) -> None:
    message = MESSAGES[name]
    data = wire.encode(message)
    assert wire.decode(type(message), data) == message
    assert wire.encode(wire.decode(type(message), data)) == data


def test_the_section_of_a_relation_survives_the_wire_and_version_1_has_none() -> None:
    relation = replace(EXTRACTION.relations[0], section="allergies")
    message = replace(EXTRACTION, relations=(relation,))
    assert wire.decode(Extraction, wire.encode(message)) == message
    old = wire.decode(Extraction, (FIXTURES / "extraction.json").read_bytes())
    assert old.schema_version == wire.SCHEMA_VERSIONS[Extraction]
    assert old.relations[0].section is None


def test_the_snapshot_of_a_signal_keeps_hyperparameters_and_boundary() -> None:
    read = wire.decode(Signal, wire.encode(WATCHED))
    assert (read.theta, read.boundary) == (THETA, BOUNDARY)
    assert read == WATCHED


@pytest.mark.parametrize("message", [SIGNAL, ALERT])
def test_cases_of_history_alone_are_at_most_all_and_may_be_unknown(message: Signal | Alert) -> None:
    marked = replace(message, historical_only=3)
    assert wire.decode(type(marked), wire.encode(marked)) == marked
    old = json.loads(wire.encode(message))
    del old["historical_only"]
    assert wire.decode(type(message), json.dumps(old).encode()) == message
    for wrong in (4, -1):
        error = refused(type(message), changed(message, historical_only=wrong))
        assert "historical_only" in error.detail


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_of_version_1_read_for_ever(name: str) -> None:
    message = MESSAGES[name]
    assert wire.decode(type(message), (FIXTURES / f"{name}.json").read_bytes()) == message


@pytest.mark.parametrize("name", MESSAGES)
def test_every_contract_has_a_fixture_and_a_schema(name: str) -> None:
    assert set(schemas.CONTRACTS) == set(MESSAGES)
    assert schemas.CONTRACTS[name] is type(MESSAGES[name])
    assert wire.SCHEMA_VERSIONS.keys() == {type(message) for message in MESSAGES.values()}


def test_the_checked_in_schemas_are_those_of_the_code(tmp_path: Path) -> None:
    for path in schemas.write_schemas(tmp_path):
        checked_in = schemas.FOLDER / path.name
        assert checked_in.read_text("utf-8") == path.read_text("utf-8"), (
            "out of date: python -m services.adapters.schemas"
        )
    assert {path.name for path in schemas.FOLDER.glob("*.json")} == set(schemas.schemas())


def test_the_coding_of_a_mention_survives_and_its_score_is_checked() -> None:
    coded = replace(EXTRACTION.mentions[0], coding=Coding("MeSH", "D009325", "2015", 0.9))
    extraction = replace(EXTRACTION, mentions=(coded, *EXTRACTION.mentions[1:]))
    assert wire.decode(Extraction, wire.encode(extraction)) == extraction
    wrong = replace(coded, coding=Coding("MeSH", "D009325", "2015", 1.5))
    message = replace(EXTRACTION, mentions=(wrong, *EXTRACTION.mentions[1:]))
    with pytest.raises(InvalidMessage, match=r"mentions\.0\.coding\.score"):
        wire.decode(Extraction, wire.encode(message))


def test_text_is_utf8_and_not_escaped() -> None:
    assert "Übelkeit – nausea".encode() in wire.encode(NOTE)


def test_times_are_written_and_read_in_utc() -> None:
    berlin = replace(NOTE, written_at=WHEN.astimezone(timezone(timedelta(hours=1))))
    assert wire.encode(berlin) == wire.encode(NOTE)
    read = wire.decode(Note, changed(NOTE, written_at="2026-03-02T11:15:00+01:00"))
    assert read.written_at.tzinfo is UTC
    assert read == NOTE


def test_fields_that_are_not_known_are_ignored() -> None:
    signal = json.loads(wire.encode(SIGNAL))
    signal["novelty"] = 1
    signal["counts"]["n22"] = 3
    signal["measures"][0]["method"] = "wald"
    assert wire.decode(Signal, json.dumps(signal).encode()) == SIGNAL


def test_a_message_without_a_schema_version_is_of_the_first() -> None:
    note = json.loads(wire.encode(NOTE))
    del note["schema_version"]
    assert wire.decode(Note, json.dumps(note).encode()) == NOTE


def test_a_newer_schema_version_is_refused() -> None:
    assert refused(Note, changed(NOTE, schema_version=2)).reason == "schema-too-new"


@pytest.mark.parametrize("version", [0, -1, "1", True, None, 1.5])
def test_a_schema_version_is_a_positive_integer(version: object) -> None:
    assert refused(Note, changed(NOTE, schema_version=version)).reason == "schema-invalid"


def test_older_messages_pass_one_upgrader_after_the_other() -> None:
    def rename(payload: wire.Payload) -> wire.Payload:
        return {**payload, "patient_key": payload["patient"]}

    def shorten(payload: wire.Payload) -> wire.Payload:
        return {**payload, "note_type": str(payload["note_type"]).lower()}

    upgraders: dict[int, wire.Upgrader] = {1: rename, 2: shorten}
    old = json.loads(wire.encode(NOTE))
    old["patient"] = old.pop("patient_key")
    old["note_type"] = "DISCHARGE SUMMARY"
    read = wire.decode(Note, json.dumps(old).encode(), upgraders=upgraders, known_version=3)
    assert read == replace(NOTE, schema_version=3)


def test_an_older_version_without_upgrader_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="no upgrade from schema version 1"):
        wire.decode(Note, wire.encode(NOTE), upgraders={}, known_version=2)


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
