import pytest

from services.core.sentences import split_sentences
from tests.growth import assert_linear


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


def test_stops_end_sentences() -> None:
    assert sentences("She had a rash. It resolved! Did it recur? No.") == [
        "She had a rash.",
        "It resolved!",
        "Did it recur?",
        "No.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Seen by Dr. Miller today.",
        "Lasix 40 mg p.o. b.i.d. for edema.",
        "Coumadin 2.5 mg q.d. was held.",
        "Temperature is 97.5 degrees.",
        "Referred by John D. Miller for rash.",
        "Nausea vs. Vomiting was discussed.",
        "warfarin 5 mg daily without any stop",
        "DR. SMITH GAVE ASPIRIN 81 MG P.O. DAILY",
    ],
)
def test_stays_one_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_a_dosing_abbreviation_may_end_a_sentence() -> None:
    assert sentences("She takes Lasix 40 mg b.i.d. She denies cramps.") == [
        "She takes Lasix 40 mg b.i.d.",
        "She denies cramps.",
    ]


def test_a_stop_without_white_space_ends_a_sentence_between_words() -> None:
    assert sentences("Aspirin daily.She bled.") == ["Aspirin daily.", "She bled."]


def test_a_heading_stays_with_its_line() -> None:
    assert sentences("ALLERGIES:  Penicillin causes hives.\nPLAN:  Stop it.") == [
        "ALLERGIES:  Penicillin causes hives.",
        "PLAN:  Stop it.",
    ]


def test_items_of_a_list_are_sentences_with_their_numbers() -> None:
    assert sentences("MEDICATIONS:\n1.  Lamictal 250 mg b.i.d.\n2.  Depo-Provera\n- Zocor\n") == [
        "MEDICATIONS:",
        "1.  Lamictal 250 mg b.i.d.",
        "2.  Depo-Provera",
        "- Zocor",
    ]


def test_numbers_within_a_line_open_items() -> None:
    assert sentences("MEDICATIONS: 1. Aspirin daily. 2. Lasix.") == [
        "MEDICATIONS: 1. Aspirin daily.",
        "2. Lasix.",
    ]


def test_short_lines_without_stop_are_sentences() -> None:
    assert sentences("Lisinopril\nMetformin\nSimvastatin") == [
        "Lisinopril",
        "Metformin",
        "Simvastatin",
    ]


def test_a_wrapped_line_goes_on() -> None:
    text = (
        "The patient was started on lisinopril and after two weeks\n"
        "developed a cough that kept her awake."
    )
    assert sentences(text) == [text]


def test_a_lower_case_line_goes_on() -> None:
    assert sentences("Rash after\nampicillin.") == ["Rash after\nampicillin."]


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\n \t\n", "\r\r"])
def test_a_blank_line_ends_a_sentence(gap: str) -> None:
    assert sentences(f"Rash after{gap}ampicillin") == ["Rash after", "ampicillin"]


def test_a_windows_line_break_is_one_line_break() -> None:
    assert sentences("Rash after\r\nampicillin.") == ["Rash after\r\nampicillin."]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t "])
def test_nothing_gives_nothing(text: str) -> None:
    assert split_sentences(text) == []


@pytest.mark.parametrize("piece", ["a. ", "1. ", "(", "A", ".", "\n", "word ", "p.o. B", "x\n"])
def test_time_is_linear_in_the_length(piece: str) -> None:
    assert_linear(lambda pieces: split_sentences(piece * pieces), size=2000)
