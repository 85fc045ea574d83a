"""From surfaces to concepts, with a small lexicon of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from services.core.contracts import Coding, MentionType
from services.core.vocabulary import keys
from services.core.vocabulary.lexicon import ALIKE, Concept, Entries, Lexicon

DRUG, EVENT = MentionType.DRUG, MentionType.ADE

DRUGS = {
    "hydrochlorothiazide": ("hctz",),
    "lisinopril": ("zestril", "prinivil"),
    "metoprolol": ("toprol",),
    "hydralazine": (),
    "hydroxyzine": (),
    "insulin glargine": ("lantus",),
    "vitamin b": (),
    "vitamin d": (),
    "codeine": (),
    "acetaminophen": ("paracetamol",),
    "anti-bacterial agent": ("antibiotic",),
    "hoe 140": (),
    "pyridoxic acid": (),
    "retinol acetate": (),
    "acetate": (),
    "sodium": (),
    "thiopental": (),
    "ab c": (),
    "a bc": (),
}
EVENTS = {
    "hyponatremia": ("low sodium",),
    "hypernatremia": (),
    "hyperkalemia": ("high potassium",),
    "liver failure": (),
    "hepatotoxicity": (),
    "diarrhea": ("loose stool",),
    "dyspnea": ("sob", "shortness of breath"),
    "rash": ("exanthema",),
    "type 1 diabetes": (),
}


def lexicon() -> Lexicon:
    return Lexicon("words-1", {DRUG: entries(DRUG, DRUGS), EVENT: entries(EVENT, EVENTS)})


def entries(kind: MentionType, names: Mapping[str, Sequence[str]]) -> Entries:
    concepts = [
        Concept(type=kind, name=name, system="test", code=f"C{number}", version="1")
        for number, name in enumerate(names)
    ]
    known = {
        keys.key(kind, surface): number
        for number, (name, others) in enumerate(names.items())
        for surface in (name, *others)
    }
    return Entries(concepts, known)


@pytest.mark.parametrize(
    ("kind", "surface", "concept"),
    [
        (DRUG, "HCTZ", "hydrochlorothiazide"),
        (DRUG, "Zestril 10 mg daily", "lisinopril"),
        (DRUG, "metoprolol succinate", "metoprolol"),
        (DRUG, "Toprol-XL", "metoprolol"),
        (DRUG, "Toprol XL 50", "metoprolol"),
        (DRUG, "lisinopril therapy", "lisinopril"),
        (DRUG, "IV antibiotics", "anti-bacterial agent"),
        (DRUG, "Lantus insulin", "insulin glargine"),
        (DRUG, "HOE-140", "hoe 140"),
        (DRUG, "HOE140", "hoe 140"),
        (DRUG, "hydro-chloro-thiazide", "hydrochlorothiazide"),
        (DRUG, "pyridoxate", "pyridoxic acid"),
        (DRUG, "retinyl acetate", "retinol acetate"),
        (DRUG, "anti-bacterial drugs", "anti-bacterial agent"),
        (EVENT, "hepato-toxicity", "hepatotoxicity"),
        (EVENT, "low sodium", "hyponatremia"),
        (EVENT, "hyponatraemia", "hyponatremia"),
        (EVENT, "Hyponatremia", "hyponatremia"),
        (EVENT, "severe hyponatremia", "hyponatremia"),
        (EVENT, "High potassium", "hyperkalemia"),
        (EVENT, "diarrhoea", "diarrhea"),
        (EVENT, "loose stools", "diarrhea"),
        (EVENT, "SOB", "dyspnea"),
        (EVENT, "acute worsening dyspnoea", "dyspnea"),
        (EVENT, "failure of the liver", "liver failure"),
        (EVENT, "hepatic failure", "liver failure"),
        (EVENT, "hepatotoxic", "hepatotoxicity"),
        (EVENT, "drug-induced rash", "rash"),
    ],
)
def test_one_concept_has_many_wordings(kind: MentionType, surface: str, concept: str) -> None:
    assert lexicon().name(kind, surface).concept == concept


@pytest.mark.parametrize(
    ("kind", "surface", "concept"),
    [
        (DRUG, "lisinoprill", "lisinopril"),
        (DRUG, "lisniopril", "lisinopril"),
        (DRUG, "hydrochlorthiazide", "hydrochlorothiazide"),
        (DRUG, "metoprolal", "metoprolol"),
        (DRUG, "sodium thiopenthal", "thiopental"),
        (EVENT, "diarhea", "diarrhea"),
        (EVENT, "hyponatermia", "hyponatremia"),
    ],
)
def test_misspellings_are_mended(kind: MentionType, surface: str, concept: str) -> None:
    named = lexicon().name(kind, surface)
    assert named.concept == concept
    assert named.coding is not None
    assert 0.7 < named.coding.score < 1


@pytest.mark.parametrize(
    ("kind", "surface"),
    [
        (DRUG, "vitamin q"),
        (DRUG, "hydr"),
        (DRUG, "zzzzzzzz"),
        (DRUG, "hoe 14 0"),
        (DRUG, "abc"),
        (EVENT, "hypokalemia"),
        (EVENT, "type 2 diabetes"),
        (EVENT, "wash"),
        (EVENT, "x"),
    ],
)
def test_what_only_looks_alike_stays_under_its_own_name(kind: MentionType, surface: str) -> None:
    named = lexicon().name(kind, surface)
    assert named.coding is None
    assert named.concept == surface


def test_an_event_that_is_similar_needs_a_clear_lead() -> None:
    names = {"valvular heart disease": (), "coronary artery spasm": (), "coronary artery spam": ()}
    found = Lexicon("words-1", {kind: entries(kind, names) for kind in MentionType})
    similar = found.name(EVENT, "valvular disease flare")
    assert similar.concept == "valvular heart disease"
    assert similar.coding is not None
    assert ALIKE[EVENT].threshold <= similar.coding.score < ALIKE[DRUG].threshold
    # Nearer, but to two concepts.
    assert found.name(EVENT, "the coronary artery spas").coding is None
    # A drug must be nearer.
    assert found.name(DRUG, "valvular disease flare").coding is None


def test_a_combination_is_its_ingredients_in_alphabetical_order() -> None:
    for surface in ("lisinopril/HCTZ", "HCTZ and lisinopril", "Zestril-HCTZ 20/12.5 mg"):
        named = lexicon().name(DRUG, surface)
        assert named.concept == "hydrochlorothiazide + lisinopril"
        assert named.coding == Coding("test", "C0+C1", "1", 0.9)
        assert lexicon().name(DRUG, named.concept) == named


def test_a_combination_with_an_unknown_part_is_no_combination() -> None:
    assert " + " not in lexicon().name(DRUG, "lisinopril/zzzzz").concept


def test_a_name_of_the_vocabulary_has_its_code_and_the_full_score() -> None:
    assert lexicon().name(DRUG, "lisinopril").coding == Coding("test", "C1", "1", 1.0)


def test_a_concept_is_its_own_concept() -> None:
    found = lexicon()
    for kind in MentionType:
        for concept in found.concepts(kind):
            assert found.name(kind, concept.name).concept == concept.name


def test_nothing_is_found_in_signs_or_in_an_empty_lexicon() -> None:
    assert lexicon().name(DRUG, "--").concept == ""
    empty = Lexicon("none", {})
    assert empty.name(EVENT, "Severe rash").concept == "rash"
    assert empty.name(EVENT, "Severe rash").coding is None
