"""What repeats an earlier text of the same patient and pair, and what is a report of its own."""

from __future__ import annotations

import pytest

from services.core.copies import MAX_WORDS, RECENT_TEXTS, Place, Told, words

SENTENCE = (
    "The patient developed a diffuse pruritic rash on the trunk two days after amoxicillin was "
    "started for sinusitis."
)
OTHER = (
    "Amoxicillin was stopped by the general practitioner because an itching exanthem had spread "
    "from both arms to the neck."
)
FIRST, SECOND = Place("note-1", 0), Place("note-2", 0)


def told(*texts: str) -> Told:
    """Earlier texts, the first at `FIRST`."""
    known = Told()
    for number, text in enumerate(texts, start=1):
        known.add(Place(f"note-{number}", 0), text)
    return known


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        SENTENCE.upper(),
        SENTENCE.replace(" ", " \n\t").replace(".", ""),
        SENTENCE.replace("ff", "\ufb00"),
        f"Copied forward: {SENTENCE}",
        SENTENCE.removeprefix("The patient developed a "),
        SENTENCE.replace("trunk", "torso"),
        SENTENCE.replace("pruritic", "pruriitc"),
    ],
)
def test_repeated_text_is_a_copy(text: str) -> None:
    assert told(SENTENCE).source_of(text) == FIRST


@pytest.mark.parametrize(
    "text",
    [
        OTHER,
        f"{SENTENCE} {OTHER}",
        f"{SENTENCE.removesuffix('.')} on 9 November.",
        SENTENCE.replace("two days", "12 days"),
        SENTENCE.replace("developed", "again developed"),
        SENTENCE.replace("was started", "rechallenge"),
        "Rash after amoxicillin.",
        "",
    ],
)
def test_a_report_of_its_own_is_none(text: str) -> None:
    assert told(SENTENCE).source_of(text) is None


def test_text_pasted_together_from_several_notes_is_a_copy() -> None:
    assert told(SENTENCE, OTHER).source_of(f"{OTHER} {SENTENCE}") == SECOND


def test_a_number_the_earlier_text_has_is_not_new() -> None:
    dated = f"{SENTENCE.removesuffix('.')} on 9 November."
    assert told(dated).source_of(dated.replace("trunk", "torso")) == FIRST


def test_a_short_text_is_a_copy_only_as_a_whole() -> None:
    known = told("Allergy: amoxicillin (rash)")
    assert known.source_of("ALLERGY - amoxicillin, rash") == FIRST
    assert known.source_of("Allergy: amoxicillin (severe rash)") is None


def test_of_equal_texts_the_first_is_the_source() -> None:
    assert told(SENTENCE, SENTENCE).source_of(SENTENCE) == FIRST


def test_nothing_was_told_before_the_first_note() -> None:
    assert Told().source_of(SENTENCE) is None
    assert Told().source_of("") is None


def test_an_exact_repeat_is_found_however_many_texts_came_between() -> None:
    between = [f"Report {number} of quite another kind" for number in range(RECENT_TEXTS + 1)]
    known = told(SENTENCE, "Rash, amoxicillin", *between)
    assert known.source_of(SENTENCE) == FIRST
    assert known.source_of("rash amoxicillin") == SECOND


def test_only_recent_texts_are_compared_for_small_changes() -> None:
    changed = SENTENCE.replace("trunk", "torso")
    between = [f"Report {number} of quite another kind" for number in range(RECENT_TEXTS)]
    assert told(SENTENCE, *between[1:]).source_of(changed) == FIRST
    assert told(SENTENCE, *between).source_of(changed) is None


def test_a_text_of_any_length_is_compared_by_its_first_words() -> None:
    long = "word " * 100_000
    assert len(words(long)) == MAX_WORDS
    assert told(long).source_of(f"{long} more") == FIRST
