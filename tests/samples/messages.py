"""One message of every contract, changed ones, and what the wire says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.adapters import wire
from services.adapters.wire_checks import Contract
from services.core.contracts import (
    Assertion,
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
