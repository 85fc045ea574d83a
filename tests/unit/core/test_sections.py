"""Headings of notes: which are found, how they are named, and what no heading is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.section_rules import SectionName
from services.core.sections import find_sections, name_of, section_at
from tests.growth import assert_linear


def names(text: str) -> list[tuple[str, str]]:
    """(name, body) of each section of a text."""
    return [
        (item.name.value, text[item.body : item.end].strip(" ,\n")) for item in find_sections(text)
    ]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("ALLERGIES", "allergies"),
        ("Known drug allergies", "allergies"),
        ("Intolerances", "allergies"),
        ("CURRENT MEDICATIONS", "medications"),
        ("Meds on admission", "medications"),
        ("HPI", "hpi"),
        ("History of Present Illness", "hpi"),
        ("Chief complaint", "complaint"),
        ("INDICATION FOR PROCEDURE", "complaint"),
        ("PMH", "past_history"),
        ("Past Medical and Surgical History", "past_history"),
        ("Family Hx", "family_history"),
        ("SOCIAL HISTORY", "social_history"),
        ("Review of systems", "review_of_systems"),
        ("PHYSICAL EXAMINATION", "exam"),
        ("Labs on admission", "results"),
        ("ASSESSMENT AND PLAN", "assessment"),
        ("A/P", "assessment"),
        ("Recommendations", "plan"),
        ("Hospital Course", "course"),
        ("INFORMED CONSENT", "risks"),
        ("Risks discussed", "risks"),
        ("Call us if", "risks"),
        ("Discharge Instructions", "instructions"),
        ("Description of procedure", "procedure"),
        ("Adverse drug reactions (from binder)", "allergies"),
        ("Complications", "adverse_reactions"),
    ],
)
def test_the_words_of_a_heading_name_its_section(heading: str, name: str) -> None:
    assert name_of(heading) == name


@pytest.mark.parametrize("words", ["Breakfast", "He has allergies", "No known drug allergies"])
def test_other_words_name_no_section(words: str) -> None:
    assert name_of(words) is None


def test_headings_in_capitals_open_sections_that_end_at_the_next() -> None:
    text = "Seen today.\nALLERGIES:  Sulfa, which causes hives.\n\nPLAN:\n1. Stop it.\n"
    assert names(text) == [
        ("allergies", "Sulfa, which causes hives."),
        ("plan", "1. Stop it."),
    ]
    sections = find_sections(text)
    assert section_at(sections, text.index("Seen")) is None
    found = section_at(sections, text.index("hives"))
    assert found is not None
    assert found.name is SectionName.ALLERGIES


def test_headings_within_a_line_are_found() -> None:
    text = "CHIEF COMPLAINT: , Cough.,ALLERGIES: ,Codeine (nausea).,MEDICATIONS:  None."
    assert names(text) == [
        ("complaint", "Cough."),
        ("allergies", "Codeine (nausea)."),
        ("medications", "None."),
    ]
    assert names("Well. Allergies: codeine. Meds: none; Plan: home.") == [
        ("allergies", "codeine."),
        ("medications", "none;"),
        ("plan", "home."),
    ]


@pytest.mark.parametrize(
    "heading",
    [
        "Allergies:",
        "allergies:",
        "ALLERGIES",
        "Allergies",
        "## Allergies",
        "**Allergies:**",
        "3. ALLERGIES:",
        "  ALLERGIES :",
        "Allergies -",
        "ALLERGIES –",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_headings_come_in_many_dresses(heading: str, end: str) -> None:
    text = f"Seen today.{end}{heading} {end}penicillin{end}"
    assert [item.name for item in find_sections(text)] == [SectionName.ALLERGIES]


def test_lists_of_drugs_and_relatives_keep_their_heading() -> None:
    text = (
        "ALLERGIES:\nPENICILLIN: HIVES\nCODEINE: NAUSEA\n"
        "FAMILY HISTORY:\nFather: bleeding on warfarin\nMother: well\n\nSOMETHING ELSE:\nNo.\n"
    )
    assert [name for name, _ in names(text)] == ["allergies", "family_history", "other"]


def test_organs_belong_to_the_review_or_the_exam_they_stand_in() -> None:
    text = "ROS:\nGI: no nausea\nSkin: no rash\nOBJECTIVE:\nHEENT: normal\nSKIN: clear\n"
    assert [name for name, _ in names(text)] == ["review_of_systems"] * 3 + ["exam"] * 3


@pytest.mark.parametrize(
    "text",
    [
        "She takes these medications: lisinopril.",
        "BP: 120/80, HR: 70",
        "Seen at 10:30.\nMEDICATIONS were reviewed.",
        "Allergies were discussed.",
        "No known drug allergies\n",
        "",
        "\n\n",
        ":",
    ],
)
def test_sentences_and_abbreviations_are_no_headings(text: str) -> None:
    assert find_sections(text) == ()


@given(st.text(alphabet="ALERGIS plan:\n.-*# PHx1,;", max_size=300))
def test_sections_are_ordered_disjoint_and_within_the_text(text: str) -> None:
    position = 0
    for section in find_sections(text):
        assert position <= section.start < section.body <= section.end <= len(text)
        assert section.title == text[section.start : section.start + len(section.title)]
        assert section_at(find_sections(text), section.start) == section
        position = section.end


@pytest.mark.parametrize(
    "filler",
    [
        ":",
        "A:",
        "A ",
        "a",
        "ALLERGIES: ",
        "Plan: ",
        "No. ",
        "\n",
        "a\n",
        " \n",
        "A B:",
        " ",
        "- ",
        "*",
    ],
)
def test_time_is_linear_in_the_note(filler: str) -> None:
    assert_linear(lambda pieces: find_sections(filler * pieces), size=1000)
