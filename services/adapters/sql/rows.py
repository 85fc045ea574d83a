"""Extractions as rows, and changes of the counts as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from services.adapters.sql.base import storable
from services.core import identity
from services.core.contracts import Assertion, Coding, Extraction, Pair, Versions
from services.core.counts import CountDelta
from services.core.errors import InvalidMessage

Row = dict[str, Any]


def pair_key(pair: Pair) -> str:
    """A pair as a short key for an index."""
    return identity.identity("pair", pair.drug, pair.event)


def note_row(extraction: Extraction, *, recorded_at: datetime) -> Row:
    """The row of `note` for a winning extraction."""
    return {
        "note_key": extraction.note_key,
        "source": storable(extraction.source),
        "note_id": storable(extraction.note_id),
        "version": extraction.version,
        "retracted": extraction.retracted,
        "patient_key": storable(extraction.patient_key),
        "case_key": identity.case_key(extraction.patient_key),
        "written_at": extraction.written_at,
        "sex": extraction.sex.value,
        "age_years": extraction.age_years,
        "note_type": None if extraction.note_type is None else storable(extraction.note_type),
        "extraction_id": extraction.extraction_id,
        "recorded_at": recorded_at,
        **_versions(extraction.versions),
    }


def evidence_rows(
    extraction: Extraction, *, person_key: str, counted: AbstractSet[Assertion]
) -> list[Row]:
    """The rows of `evidence` for a winning extraction; none for a retracted note.

    Every row is of the patient's own case, and original, until it is settled.

    Raises:
        InvalidMessage: a relation names a mention that the extraction does not have.
    """
    if extraction.retracted:
        return []
    mentions = {mention.mention_id: mention for mention in extraction.mentions}
    shared = {
        "note_key": extraction.note_key,
        "person_key": person_key,
        "case_key": person_key,
        "copy_of_note": None,
        "copy_of_position": None,
        "written_at": extraction.written_at,
        **_versions(extraction.versions),
    }
    rows = []
    for position, relation in enumerate(extraction.relations):
        drug, event = mentions.get(relation.drug_id), mentions.get(relation.event_id)
        if drug is None or event is None:
            raise InvalidMessage("dangling-relation", "a relation names an unknown mention")
        pair = Pair(storable(drug.concept), storable(event.concept))
        rows.append(
            shared
            | {
                "position": position,
                "relation_id": storable(relation.relation_id),
                "pair_key": pair_key(pair),
                "drug": pair.drug,
                "event": pair.event,
                "drug_start": drug.start,
                "drug_end": drug.end,
                "drug_text": storable(drug.text),
                "drug_expansion": storable(drug.expansion),
                **coding_cells("drug", drug.coding),
                "event_start": event.start,
                "event_end": event.end,
                "event_text": storable(event.text),
                "event_expansion": storable(event.expansion),
                **coding_cells("event", event.coding),
                "assertion": relation.assertion.value,
                "section": None if relation.section is None else storable(relation.section),
                "counted": relation.assertion in counted,
                "probability": relation.probability,
                "evidence_start": relation.evidence_start,
                "evidence_end": relation.evidence_end,
                "evidence_text": storable(relation.evidence_text),
            }
        )
    return rows


def coding_cells(side: str, coding: Coding | None) -> Row:
    """The columns of a coding; `side` is "drug" or "event"."""
    return {
        f"{side}_system": None if coding is None else storable(coding.system),
        f"{side}_code": None if coding is None else storable(coding.code),
        f"{side}_code_version": None if coding is None else storable(coding.version),
        f"{side}_score": None if coding is None else coding.score,
    }


def delta_to_json(delta: CountDelta) -> Row:
    """A change of the counts for the ledger; lists, because concepts may be any text."""
    return {
        "pairs": sorted([*pair, change] for pair, change in delta.pairs.items()),
        "drugs": sorted([drug, change] for drug, change in delta.drugs.items()),
        "events": sorted([event, change] for event, change in delta.events.items()),
        "unattributed": sorted([*pair, change] for pair, change in delta.unattributed.items()),
        "total": delta.total,
    }


def delta_from_json(stored: Mapping[str, Any]) -> CountDelta:
    """The inverse of `delta_to_json`; an entry from before there was `unattributed` has none."""
    return CountDelta(
        pairs=_of_pairs(stored["pairs"]),
        drugs=dict(stored["drugs"]),
        events=dict(stored["events"]),
        unattributed=_of_pairs(stored.get("unattributed", [])),
        total=stored["total"],
    )


def _of_pairs(changes: Iterable[tuple[str, str, int]]) -> dict[Pair, int]:
    return {Pair(drug, event): change for drug, event, change in changes}


def _versions(versions: Versions) -> Row:
    return {
        "ner_version": storable(versions.ner),
        "relation_version": storable(versions.relation),
        "rules_version": storable(versions.rules),
        "vocabulary_version": storable(versions.vocabulary),
    }
