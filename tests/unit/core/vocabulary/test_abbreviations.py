"""Abbreviations that a note explains."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.vocabulary.abbreviations import explained
from tests.growth import assert_linear


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("given hydrochlorothiazide (HCTZ) daily", {"HCTZ": "hydrochlorothiazide"}),
        ("acute kidney injury (AKI)", {"AKI": "acute kidney injury"}),
        ("pyrrolidine dithiocarbamate (PDTC), then PDTC", {"PDTC": "pyrrolidine dithiocarbamate"}),
        ("He took aspirin (ASA) and X (ASA)", {}),
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


def test_time_is_linear_in_the_text() -> None:
    # The words of a line without end must not be looked through for every bracket.
    assert_linear(lambda pieces: explained("words and (Xq) " * pieces), size=500)


@given(st.text("aB( ).1\n", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    for short, long in explained(text).items():
        assert f"({short}" in text.replace("( ", "(")
        assert long in text
