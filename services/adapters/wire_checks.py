"""What a message on the wire must satisfy beyond the types of its fields."""

from __future__ import annotations

import math
from collections.abc import Iterable

from services.core.contracts import (
    Extraction,
    Mention,
    MentionType,
    Note,
    PairDelta,
    PatientMerge,
    Relation,
    Table,
)
from services.core.errors import InvalidMessage
from services.core.signal_contracts import Alert, Boundary, Measure, Signal, Theta

Contract = Note | Extraction | PairDelta | Signal | Alert | PatientMerge

MAX_INTEGER = 2**63 - 1
"""Greatest version, sequence or count: a signed 64-bit column holds it."""


def check(message: Contract) -> None:
    """Pass, or say what contradicts.

    Raises:
        InvalidMessage: "inconsistent", naming the field.
    """
    match message:
        case Note():
            _document(message)
        case Extraction():
            _document(message)
            _extraction(message)
        case PairDelta():
            _whole("sequence", message.sequence, 1)
            _need(abs(message.delta) <= MAX_INTEGER, "delta: out of range")
            _named(drug=message.drug, event=message.event)
        case Signal():
            _whole("revision", message.revision, 1)
            _whole("ledger_sequence", message.ledger_sequence, 0)
            _named(drug=message.drug, event=message.event, rule=message.rule)
            _statistics(message.counts, message.measures)
            _historical(message.historical_only, message.counts)
            _hyperparameters(message.theta)
            _boundary(message.boundary)
        case Alert():
            _named(alert_id=message.alert_id, signal_id=message.signal_id)
            _named(drug=message.drug, event=message.event, rule=message.rule)
            _statistics(message.counts, message.measures)
            _historical(message.historical_only, message.counts)
        case PatientMerge():
            _named(source=message.source, surviving=message.surviving, retired=message.retired)
            _need(message.surviving != message.retired, "retired: the same as surviving")


def _need(condition: bool, detail: str) -> None:
    if not condition:
        raise InvalidMessage("inconsistent", detail)


def _whole(name: str, value: int, least: int) -> None:
    _need(least <= value <= MAX_INTEGER, f"{name}: not in {least}..2^63-1")


def _named(**values: str) -> None:
    for name, value in values.items():
        _need(bool(value), f"{name}: empty")


def _document(message: Note | Extraction) -> None:
    _named(source=message.source, note_id=message.note_id, patient_key=message.patient_key)
    _whole("version", message.version, 1)
    if message.age_years is not None:
        _whole("age_years", message.age_years, 0)


def _extraction(message: Extraction) -> None:
    mentions = {mention.mention_id: mention for mention in message.mentions}
    _need(len(mentions) == len(message.mentions), "mentions: a mention_id occurs twice")
    relations = {relation.relation_id for relation in message.relations}
    _need(len(relations) == len(message.relations), "relations: a relation_id occurs twice")
    _need(not (message.retracted and mentions), "mentions: present in a retracted note")
    for index, mention in enumerate(message.mentions):
        _mention(f"mentions.{index}", mention)
    for index, relation in enumerate(message.relations):
        _relation(f"relations.{index}", relation, mentions)


def _mention(where: str, mention: Mention) -> None:
    _need(0 <= mention.start < mention.end <= MAX_INTEGER, f"{where}: start and end")
    _need(mention.end - mention.start == len(mention.text), f"{where}: text and span differ")
    _probability(where, mention.probability)
    _need(bool(mention.concept), f"{where}.concept: empty")
    if mention.coding is not None:
        _need(0.0 <= mention.coding.score <= 1.0, f"{where}.coding.score: not in 0..1")


def _relation(where: str, relation: Relation, mentions: dict[str, Mention]) -> None:
    for name, wanted, expected in (
        ("drug_id", relation.drug_id, MentionType.DRUG),
        ("event_id", relation.event_id, MentionType.ADE),
    ):
        found = mentions.get(wanted)
        _need(found is not None, f"{where}.{name}: no such mention")
        _need(found is None or found.type is expected, f"{where}.{name}: not a {expected.value}")
    start, end = relation.evidence_start, relation.evidence_end
    _need(0 <= start < end <= MAX_INTEGER, f"{where}: evidence_start and evidence_end")
    _need(end - start == len(relation.evidence_text), f"{where}: evidence_text and span differ")
    _probability(where, relation.probability)


def _probability(where: str, value: float) -> None:
    _need(0.0 <= value <= 1.0, f"{where}.probability: not in 0..1")  # NaN fails too


def _statistics(counts: Table, measures: Iterable[Measure]) -> None:
    for name, value in zip(Table._fields, counts, strict=True):
        _whole(f"counts.{name}", value, 0)
    margins = (counts.drug, counts.event)
    _need(counts.n11 <= min(margins), "counts: n11 above a margin")
    _need(max(margins) <= counts.total, "counts: a margin above the total")
    for index, measure in enumerate(measures):
        numbers = (measure.estimate, measure.lower, measure.upper)
        finite = all(number is None or math.isfinite(number) for number in numbers)
        _need(finite, f"measures.{index}: not finite")


def _historical(value: int | None, counts: Table) -> None:
    if value is not None:
        _whole("historical_only", value, 0)
        _need(value <= counts.n11, "historical_only: above n11")


def _hyperparameters(theta: Theta | None) -> None:
    if theta is None:
        return
    _whole("theta.fit", theta.fit, 1)
    for name in ("alpha1", "beta1", "alpha2", "beta2"):
        _need(0.0 < getattr(theta, name) < math.inf, f"theta.{name}: not above 0 and finite")
    _need(0.0 <= theta.weight <= 1.0, "theta.weight: not in 0..1")


def _boundary(boundary: Boundary | None) -> None:
    if boundary is None:
        return
    _whole("boundary.pairs", boundary.pairs, 1)
    _whole("boundary.minimum_cases", boundary.minimum_cases, 1)
    _need(0.0 < boundary.alpha < 1.0, "boundary.alpha: not in 0..1")
    for name in ("horizon", "critical_value"):
        _need(0.0 < getattr(boundary, name) < math.inf, f"boundary.{name}: not above 0 and finite")
