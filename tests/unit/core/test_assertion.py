"""What the note says of a relation. Examples have the drug in [brackets], the event in {braces}."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.assertion import Basis, assert_relation
from services.core.assertion_rules import PRECEDENCE, RULES, Direction
from services.core.contracts import Assertion
from services.core.sentences import split_sentences
from services.core.spans import Span
from tests.fakes.assertions import read
from tests.growth import assert_growth, seconds_of


@pytest.mark.parametrize(
    "text",
    [
        "She developed a {rash} on [amoxicillin].",
        "[Amoxicillin] was stopped because of {rash}.",
        "No further {nausea} since stopping [metformin].",
        "He could not tolerate [metformin] because of {diarrhea}.",
        "No fever. {Rash} with [amoxicillin].",
        "She has no fever but developed {rash} with [amoxicillin].",
        "Denies fever; reports {cough} with [lisinopril].",
        "No chest pain, developed {angioedema} after [lisinopril].",
        "{Bleeding} on [apixaban], no fever.",
        "[Amoxicillin] stopped due to {rash}; possible pneumonia.",
        "[Lisinopril] stopped because of {cough}, will monitor for hypertension.",
        "History of atrial fibrillation, developed {bleeding} on [apixaban].",
        "PLAN:\nStop [lisinopril] because of {cough}.",
        "DISCHARGE INSTRUCTIONS:\nStop [lisinopril], which caused {cough}.",
        "Mother reports that he developed {rash} on [amoxicillin].",
        "His mother has noticed {hives} after [amoxicillin].",
        "FAMILY HISTORY:\nNone.\n\nHOSPITAL COURSE:\n{Rash} on [amoxicillin].",
        "ALLERGIES:  None.\n\nASSESSMENT:  [Digoxin] {toxicity}.",
        "He was advised to stop [ibuprofen] because of {gastritis}.",
        "[Naproxen]-induced {gastritis}.",
        "He told me that [naproxen] gave him {gastritis}.",
        "Took ibuprofen rather than [naproxen] after the {gastritis}.",
        "Allergies:\nPenicillin: hives\n\nHospital course:\n[Codeine] caused {nausea}.",
    ],
)
def test_affirmed(text: str) -> None:
    assert read(text) is Assertion.AFFIRMED


@pytest.mark.parametrize(
    "text",
    [
        "She did not develop {rash} with [amoxicillin].",
        "Denies {bleeding} on [apixaban].",
        "She denies any dizziness, nausea, {bleeding} or bruising on [apixaban].",
        "No {rash} with [amoxicillin].",
        "Tolerated [amoxicillin] without {rash}.",
        "[Amoxicillin] did not cause {rash}.",
        "{Rash} was not due to [amoxicillin].",
        "The {rash} is unrelated to [amoxicillin].",
        "{Angioedema} on [lisinopril] was ruled out.",
        "There is no evidence that [amoxicillin] caused {hepatitis}.",
        "On [warfarin] for years, she has never had {bleeding}.",
        "She hasn't had any {cough} on [lisinopril].",
        "No history of {angioedema} on [lisinopril].",
        "ALLERGIES:\nNo {rash} with [penicillin].",
    ],
)
def test_negated(text: str) -> None:
    assert read(text) is Assertion.NEGATED


@pytest.mark.parametrize(
    "text",
    [
        "Risks of [apixaban] include {bleeding}.",
        "The risks of [apixaban], including {bleeding}, were discussed.",
        "Start [amoxicillin]. Call if {rash} or fever.",
        "She was told that {fever} is frequent after [zoledronic acid].",
        "He asked about {thrush}, which is rare with [empagliflozin].",
        "Watch for {hypotension} with [lisinopril].",
        "She was warned about {dizziness} on [tramadol].",
        "[Tetracycline] can cause {nausea}.",
        "[Heparin] is continued, but she is at risk for {hemorrhage}.",
        "Avoid [alprazolam] if she appears {sedated}.",
        "Side effects of [metformin] such as {diarrhea} were explained.",
        "{Bleeding} is a known risk of [apixaban].",
        "SIDE EFFECTS:\n[Prednisone]: {weight gain}.",
        "Take [doxycycline] with food to prevent {nausea}.",
    ],
)
def test_hypothetical(text: str) -> None:
    assert read(text) is Assertion.HYPOTHETICAL


@pytest.mark.parametrize(
    "text",
    [
        "Possible {rash} to [penicillin].",
        "?{rash} from [amoxicillin].",
        "{Rash} ? due to [amoxicillin].",
        "{Cough} may be due to [lisinopril].",
        "[Amoxicillin] as the cause of {hepatitis} cannot be excluded.",
        "{Delirium}, likely secondary to [oxycodone].",
        "Rule out {hepatitis} from [isoniazid].",
        "{Dizziness} is thought to be related to [tramadol].",
        "{Hepatitis} on [isoniazid] is suspected.",
        "It is unclear whether [isoniazid] caused the {hepatitis}.",
        "ALLERGIES: [Penicillin] (possible {rash}).",
    ],
)
def test_uncertain(text: str) -> None:
    assert read(text) is Assertion.UNCERTAIN


@pytest.mark.parametrize(
    "text",
    [
        "ALLERGIES:  [Penicillin] - {hives}.",
        "Allergies\n- [Penicillin]: {hives}\n",
        "ALLERGIES\r\n[PENICILLIN] CAUSES {HIVES}\r\n",
        "PAST MEDICAL HISTORY:\n1. [Heparin]-induced {thrombocytopenia}.",
        "Allergies:\nPenicillin: hives\n[Codeine]: {nausea}\n",
        "Note (one line) ,ALLERGIES: ,[Penicillin] causes {hives}.",
        "She is allergic to [penicillin], which causes {hives}.",
        "History of {angioedema} on [lisinopril].",
        "He had {myalgia} on [atorvastatin] in the past.",
        "{GI bleed} on [ibuprofen] several years ago.",
        "[Penicillin] gave her {hives} as a child.",
    ],
)
def test_historical(text: str) -> None:
    assert read(text) is Assertion.HISTORICAL


@pytest.mark.parametrize(
    "text",
    [
        "Mother had {angioedema} on [lisinopril].",
        "FAMILY HISTORY:\nFather: {bleeding} on [warfarin].",
        "Family history of {malignant hyperthermia} with [halothane].",
        "Her sister developed {hives} after [penicillin].",
        "{Angioedema} on [lisinopril] in her mother.",
    ],
)
def test_family(text: str) -> None:
    assert read(text) is Assertion.FAMILY


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Risks discussed:\n- [warfarin]: {bleeding}\n", "hypothetical"),
        (
            "Prior trials and why they ended:\n  * gabapentin\n  * [tramadol] - {seizure}\n",
            "historical",
        ),
        ("Prev: allopurinol, gout. [Colchicine] 500: {the runs}.", "historical"),
        ("ALLERGIES / INTOLERANCES (by pharmacy)\n1. [Codeine] - {vomiting}\n", "historical"),
        ("Prev: nothing. Now: [colchicine] 500, {the runs}.", "affirmed"),
        ("ALLERGIES: none.\n\nHe came with {rash} on [amoxicillin].", "affirmed"),
        ("[Hydralazine] {lupus} 2015.", "historical"),
        ("No [NSAIDs], {ulcers}.", "hypothetical"),
        ("No [digoxin] {toxicity}.", "negated"),
    ],
)
def test_lists_and_paragraphs_inherit_what_opens_them(text: str, status: str) -> None:
    assert read(text) == status


def test_the_basis_says_how_much_a_reading_rests_on() -> None:
    text = "ALLERGIES:\npenicillin - hives."
    sentences = split_sentences(text)
    found = assert_relation(text, sentences, Span(11, 21), Span(24, 29))
    assert found[:2] == (Assertion.HISTORICAL, Basis.HEADING)


def test_every_clue_is_kept_beside_the_strongest() -> None:
    text = "Past history:\nNo fever.\nPossible hives, never a rash on amoxicillin."
    sentences = split_sentences(text)
    drug, event = text.index("amoxicillin"), text.index("rash")
    found = assert_relation(text, sentences, Span(drug, drug + 11), Span(event, event + 4))
    assert found.clues == {
        "negated by phrase",
        "says negated",
        "says uncertain",
        "heading historical",
        "topic None",
        "event first",
        "1 sentences",
    }


def test_the_order_of_precedence_is_total() -> None:
    assert sorted(PRECEDENCE) == sorted(Assertion)
    assert read("Mother had no {rash} with [amoxicillin].") is Assertion.FAMILY
    assert read("She denies a history of {rash} with [amoxicillin].") is Assertion.NEGATED
    assert read("History of possible {rash} with [amoxicillin].") is Assertion.UNCERTAIN


def test_every_rule_speaks_or_has_no_direction() -> None:
    silent = (Direction.PSEUDO, Direction.TERMINATE)
    for rule in RULES:
        assert rule.category is not None or rule.direction in silent
        assert rule.pattern.match("") is None


def test_phrases_within_a_mention_do_not_count() -> None:
    assert read("She had [No-Doz] and {risk-taking behaviour}.") is Assertion.AFFIRMED


def test_sentences_elsewhere_do_not_count() -> None:
    assert read("Denies nausea. {Rash} on [amoxicillin]. No fever.") is Assertion.AFFIRMED


def test_mentions_outside_of_any_sentence_are_affirmed() -> None:
    found = assert_relation("rash amoxicillin", [], Span(5, 16), Span(0, 4))
    assert found[:2] == (Assertion.AFFIRMED, Basis.NOTHING)


@given(
    st.text(alphabet="no risk?;:.\nALLERGIES dueto", min_size=2, max_size=200),
    st.tuples(*[st.integers(0, 198)] * 4),
)
def test_any_text_and_any_two_spans_have_an_assertion(
    text: str, places: tuple[int, int, int, int]
) -> None:
    size = len(text)
    first, second = (
        Span(min(start % size, size - 1), min(start % size + 1 + length % 9, size))
        for start, length in (places[:2], places[2:])
    )
    assert assert_relation(text, split_sentences(text), first, second).status in Assertion


@pytest.mark.parametrize(
    "filler", ["no ", "a", "side effects ", "A ", "ALLERGIES ", "call me ", "? ", " ", "; ", "\n"]
)
def test_time_does_not_grow_with_the_note(filler: str) -> None:
    def seconds(repeats: int) -> float:
        middle = filler * repeats
        text = f"{middle} rash on amoxicillin {middle}"
        start = len(middle)
        drug, event = Span(start + 9, start + 20), Span(start + 1, start + 5)
        return seconds_of(lambda: assert_relation(text, [Span(0, len(text))], drug, event))

    # Reading all of it would take a hundred times as long.
    assert_growth(seconds, small=2000, large=200_000, at_most=50)
