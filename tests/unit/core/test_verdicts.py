"""A verdict becomes a labelled document of the window it was given on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.core.contracts import Assertion
from services.core.copies import Place
from services.core.spans import Span
from services.core.verdicts import EvidenceItem, Judgement, Verdict, labelled

TEXT = "A rash after amoxicillin."
ITEM = EvidenceItem(
    note_key="n",
    position=0,
    drug=Span(113, 124),
    event=Span(102, 106),
    window=Span(100, 125),
    assertion=Assertion.AFFIRMED,
    text=TEXT,
)
VERDICT = Verdict(
    evidence_key=ITEM.key,
    note_key="n",
    revision=1,
    judgement=Judgement.CONFIRMED,
    status=None,
    by="Zoë",
    at=datetime(2026, 3, 1, tzinfo=UTC),
)


def test_a_confirmed_relation_is_one_with_spans_of_the_window() -> None:
    document = labelled(ITEM, VERDICT)
    assert document is not None
    drug, event = document["mentions"]
    assert TEXT[drug["start"] : drug["end"]] == "amoxicillin"
    assert TEXT[event["start"] : event["end"]] == "rash"
    assert (drug["type"], event["type"]) == ("DRUG", "ADE")
    assert document["relations"] == [{"drug": "T1", "event": "T2", "status": "affirmed"}]
    assert (document["text"], document["group"], document["note_id"]) == (TEXT, "n", ITEM.key)
    assert "Zoë" not in str(document)


def test_a_corrected_status_goes_before_the_extracted_one() -> None:
    document = labelled(ITEM, replace(VERDICT, status=Assertion.NEGATED))
    assert document is not None
    assert document["relations"][0]["status"] == "negated"


def test_a_refuted_relation_is_none_and_an_unclear_one_teaches_nothing() -> None:
    document = labelled(ITEM, replace(VERDICT, judgement=Judgement.REFUTED))
    assert document is not None
    assert document["relations"] == []
    assert labelled(ITEM, replace(VERDICT, judgement=Judgement.UNCLEAR)) is None


@pytest.mark.parametrize("span", [Span(99, 104), Span(120, 126)])
def test_a_mention_beyond_the_window_cannot_be_shown(span: Span) -> None:
    assert labelled(replace(ITEM, drug=span), VERDICT) is None


def test_the_key_is_that_of_the_places_and_the_words() -> None:
    assert replace(ITEM, assertion=Assertion.NEGATED).key == ITEM.key
    assert replace(ITEM, position=3, section="plan", copy_of=Place("m", 1)).key == ITEM.key
    others = [
        replace(ITEM, note_key="m"),
        replace(ITEM, drug=Span(113, 125)),
        replace(ITEM, event=Span(102, 105)),
        replace(ITEM, text=TEXT.upper()),
    ]
    assert len({ITEM.key, *(other.key for other in others)}) == 5
