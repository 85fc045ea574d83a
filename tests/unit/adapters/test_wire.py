"""The wire: same bytes for same messages, and older versions read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from services.adapters import schemas, wire
from services.core.contracts import Coding, Extraction, Note
from services.core.errors import InvalidMessage
from services.core.signal_contracts import Alert, Signal
from tests.samples.messages import (
    ALERT,
    BOUNDARY,
    EXTRACTION,
    MESSAGES,
    NOTE,
    SIGNAL,
    THETA,
    WATCHED,
    WHEN,
    changed,
    refused,
)

FIXTURES = Path(__file__).parent / "wire_v1"


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
