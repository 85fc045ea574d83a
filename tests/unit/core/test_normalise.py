"""Concepts: one name per thing, and never a guess."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.contracts import MentionType
from services.core.normalise import MAX_CHARS, concept

DRUG, ADE = MentionType.DRUG, MentionType.ADE
TYPES = st.sampled_from(MentionType)
PIECES = """
    the a severe mild to nausea rashes allergies 10 10mg mg/kg tablets p.o. daily XL Toprol-XL
    patient's 2% 1,000 units of drops bid s psychoses ß ﬁbrosis
"""
NAMES = st.lists(
    st.sampled_from(PIECES.split()) | st.text(max_size=4),
    max_size=8,
).map(" ".join)


@pytest.mark.parametrize(
    ("surface", "expected"),
    [
        ("Lisinopril", "lisinopril"),
        ("lisinopril 10 mg tablets", "lisinopril"),
        ("lisinopril 10mg p.o. daily", "lisinopril"),
        ("LISINOPRIL\n10 MG", "lisinopril"),
        ("heparin 5,000 units subq", "heparin"),
        ("lidocaine 2%", "lidocaine"),
        ("500 mg of amoxicillin", "amoxicillin"),
        ("Toprol-XL", "toprol xl"),
        ("metoprolol tartrate", "metoprolol tartrate"),
        ("nicotine patches", "nicotine"),
        ("oral contraceptives", "oral contraceptive"),
        ("I-131", "i 131"),
        ("vitamin B 12", "vitamin b 12"),
        ("NSAIDs", "nsaid"),
        ("ACE inhibitors", "ace inhibitor"),
        ("her statin", "statin"),
        ("Lantus", "lantus"),
        ("Actos", "actos"),
        ("Cialis", "cialis"),
        ("tablets", "tablet"),
        ("5-FU", "5 fu"),
    ],
)
def test_drug_names(surface: str, expected: str) -> None:
    assert concept(DRUG, surface) == expected


@pytest.mark.parametrize(
    ("surface", "expected"),
    [
        ("Rashes", "rash"),
        ("severe nausea", "nausea"),
        ("mild to moderate headaches", "headache"),
        ("a rash", "rash"),
        ("a fib", "a fib"),
        ("severe acute respiratory syndrome", "severe acute respiratory syndrome"),
        ("Stevens–Johnson syndrome", "stevens johnson syndrome"),
        ("Quincke's edema", "quincke edema"),
        ("allergies", "allergy"),
        ("myalgias", "myalgia"),
        ("seizures", "seizure"),
        ("hives", "hives"),
        ("ascites", "ascites"),
        ("tinnitus", "tinnitus"),
        ("anaphylaxis", "anaphylaxis"),
        ("numbness", "numbness"),
        ("diseases", "disease"),
        ("abscesses", "abscess"),
        ("GI  bleed", "gi bleed"),
        ("G.I. bleed", "gi bleed"),
        ("sun\nsensitivity", "sun sensitivity"),
        ("ﬁbrosis", "fibrosis"),
        ("soft\u00adened stool", "softened stool"),
        ("INR of 13.4", "inr of 13.4"),
        ("Übelkeit", "übelkeit"),
    ],
)
def test_event_names(surface: str, expected: str) -> None:
    assert concept(ADE, surface) == expected


@pytest.mark.parametrize("surface", ["", " ", "--", "?!", "\u200b"])
def test_nothing_to_name_is_empty(surface: str) -> None:
    assert concept(ADE, surface) == ""


def test_a_lexicon_has_the_last_word() -> None:
    lexicon = {"tylenol": "acetaminophen"}
    assert concept(DRUG, "Tylenol 500 mg", lexicon=lexicon) == "acetaminophen"
    assert concept(DRUG, "Advil", lexicon=lexicon) == "advil"


@given(TYPES, NAMES)
def test_a_concept_is_its_own_concept(kind: MentionType, surface: str) -> None:
    once = concept(kind, surface)
    assert concept(kind, once) == once


@given(TYPES, st.text(st.characters(max_codepoint=0xFF), max_size=40))
def test_case_does_not_matter(kind: MentionType, surface: str) -> None:
    surface = surface.replace("µ", "")  # its capital is the Greek letter's
    assert concept(kind, surface.upper()) == concept(kind, surface.lower())


@given(TYPES, NAMES | st.text(max_size=400))
def test_a_concept_is_short_and_clean(kind: MentionType, surface: str) -> None:
    found = concept(kind, surface)
    assert len(found) <= MAX_CHARS
    assert found == " ".join(found.split())
    assert not [c for c in found if unicodedata.category(c)[0] in "CZ" and c != " "]


@given(TYPES, st.text(max_size=20), st.characters(categories=["L", "Nd"]), st.text(max_size=20))
def test_letters_never_vanish(kind: MentionType, before: str, letter: str, after: str) -> None:
    assert concept(kind, before + letter + after)
