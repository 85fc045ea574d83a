"""What says that a drug was given against an event, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.indications import is_indication
from services.core.spans import Span


def judged(marked: str) -> bool:
    """The judgement of a text with its drug in [ ] and its event in { }."""
    text = marked.translate(str.maketrans("", "", "[]{}"))
    spans = {}
    for kind, (opens, closes) in (("drug", "[]"), ("event", "{}")):
        before, inner = marked.split(opens)[0], marked.split(opens)[1].split(closes)[0]
        start = len(before.translate(str.maketrans("", "", "[]{}")))
        spans[kind] = Span(start, start + len(inner))
    assert text[slice(*spans["drug"])] == marked.split("[")[1].split("]")[0]
    return is_indication(text, spans["drug"], spans["event"])


@pytest.mark.parametrize(
    "marked",
    [
        "[Lisinopril] for {hypertension}.",
        "[Lisinopril] 10 mg PO daily for {hypertension}.",
        "[Zofran] 4 mg IV q6h prn for {nausea}",
        "Takes [Coumadin] 5 mg, since May, for chronic {atrial fibrillation}.",
        "[Prednisone] was given for the treatment of severe {asthma}.",
        "She has used [minocycline] for 5 yrs to treat her {rosacea}.",
        "1. [METFORMIN] 500 MG BID FOR {DIABETES}",
        "{Hypertension}, well controlled with [amlodipine].",
        "The {rash} was treated with a short course of oral [prednisone].",
        "{Pain} relieved by [ibuprofen]",
        "{Reflux} for which he takes [omeprazole]",
        "Her {wheeze} responded to [salbutamol].",
    ],
)
def test_a_drug_given_against_the_event(marked: str) -> None:
    assert judged(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "Stopped [lisinopril] for {cough}.",
        "[Lisinopril], stopped for {cough}.",
        "[Warfarin] was held for {bleeding}.",
        "We reduced [metformin] 1000 mg for {diarrhoea}.",
        "Allergic to [penicillin] for {hives}",
        "Hospitalised on [Wellbutrin] 2016 for {hives}.",
        "Monitoring on [amiodarone] for {hypothyroidism}.",
        "PD itself vs [levodopa] for the {orthostasis}",
        "{Rash} on [amoxicillin].",
        "{Nausea} with [metformin]",
        "{Rash} resolved with stopping [amoxicillin].",
        "[Amoxicillin] was started for otitis and she had a {rash}.",
        "[Amoxicillin] ({rash})",
        "[Lisinopril] was responsible for {angioedema}",
    ],
)
def test_a_drug_that_may_have_caused_the_event(marked: str) -> None:
    assert not judged(marked)


def test_a_clause_before_the_drug_is_another_matter() -> None:
    assert judged("Aspirin was stopped. [Lisinopril] for {hypertension}")


@given(st.text("for of by with,;.-1 xtoda\n", max_size=200))
def test_any_text_between_is_read_in_no_time(between: str) -> None:
    text = f"drug{between}rash"
    drug, event = Span(0, 4), Span(len(text) - 4, len(text))
    assert is_indication(text, drug, event) in (True, False)
    assert is_indication(text, event, drug) in (True, False)
    assert not is_indication(text, drug, drug)


def test_what_could_be_read_in_many_ways_takes_linear_time() -> None:
    # A millisecond. Read in all ways it would take centuries, and pytest would end it.
    for filling in (" ", ", ", "- ", "1,", "a ", "day ", "the "):
        text = "drug" + filling * (116 // len(filling)) + "rash"
        drug, event = Span(0, 4), Span(len(text) - 4, len(text))
        assert is_indication(text, drug, event) in (True, False)
        assert is_indication(text, event, drug) in (True, False)
