"""Abbreviations that a note explains."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.vocabulary.abbreviations import explained, in_full
from tests.growth import assert_linear


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("given hydrochlorothiazide (HCTZ) daily", {"HCTZ": "hydrochlorothiazide"}),
        ("acute kidney injury (AKI)", {"AKI": "acute kidney injury"}),
        ("pyrrolidine dithiocarbamate (PDTC), then PDTC", {"PDTC": "pyrrolidine dithiocarbamate"}),
        ("He took aspirin (ASA) and X (ASA)", {}),
        (
            "on 1-methyl-4-phenyl-tetrahydropyridine (MPTP).",
            {"MPTP": "1-methyl-4-phenyl-tetrahydropyridine"},
        ),
        ("took combined oral contraceptives (COCs)", {"COCs": "combined oral contraceptives"}),
        ("heparin-induced thrombocytopenia (HIT)", {"HIT": "heparin-induced thrombocytopenia"}),
        ("diethylnitrosamine (DEN: 10 mg)", {"DEN": "diethylnitrosamine"}),
        ("given testosterone (T, 5 mg/kg)", {"T": "testosterone"}),
        ("5,7-dihydroxytryptamine (5,7-DHT)", {"5,7-DHT": "5,7-dihydroxytryptamine"}),
        ("given testosterone (M)", {}),
        ("seen with a rash (R)", {}),
        ("hepatitis (A)", {}),
        (
            "cyproterone acetate plus ethinylestradiol (CPA/EE)",
            {
                "CPA/EE": "cyproterone acetate plus ethinylestradiol",
                "CPA": "cyproterone acetate",
                "EE": "ethinylestradiol",
            },
        ),
        ("found by the team. The thiazolyl formamide (FTTF)", {}),
        ("rash (mild)", {}),
        ("seen today (see above)", {}),
        ("nothing", {}),
        ("line one\n(HCTZ)", {}),
        ("(HCTZ)", {}),
    ],
)
def test_only_what_the_words_before_spell_is_an_explanation(
    text: str, expected: dict[str, str]
) -> None:
    assert explained(text) == expected


def test_the_first_explanation_holds() -> None:
    text = "methotrexate (MTX) was given. mitoxantrone (MTX) was not."
    assert explained(text) == {"MTX": "methotrexate"}


def test_a_short_form_is_explained_before_and_after_its_explanation() -> None:
    text = "HCTZ was stopped. Hydrochlorothiazide (HCTZ) may lower sodium; HCTZ stays off."
    assert in_full("HCTZ", explained(text)) == "Hydrochlorothiazide"


@pytest.mark.parametrize(
    ("surface", "said"),
    [
        ("COC", "oral contraceptive"),
        ("COCs", "oral contraceptive"),
        ("prostaglandin (PG) E2", "prostaglandin E2"),
        ("prostaglandin (XY) E2", ""),
        ("coc", ""),
        ("T", "testosterone"),
        ("Ts", ""),
        ("s", ""),
        ("", ""),
    ],
)
def test_what_a_mention_says_in_full(surface: str, said: str) -> None:
    forms = {"COC": "oral contraceptive", "PG": "prostaglandin", "T": "testosterone"}
    assert in_full(surface, forms) == said


def test_time_is_linear_in_the_text() -> None:
    # The words of a line without end must not be looked through for every bracket.
    assert_linear(lambda pieces: explained("words and (Xq) " * pieces), size=500)
    assert_linear(lambda pieces: explained("xa/" * pieces + " (Xa/Xa: (X/" * pieces), size=500)
    assert_linear(lambda pieces: in_full(" (XY" * pieces, {"XY": "x"}), size=500)


@given(st.text("aBs( ).1/:-\n", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    found = explained(text)
    for short, long in found.items():
        assert short in text
        assert long in text
        assert in_full(short, found) == long
    assert in_full(text, found) != text or not text
