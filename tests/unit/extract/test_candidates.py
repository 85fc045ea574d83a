"""Which pairs are asked about."""

from __future__ import annotations

import re
from dataclasses import replace

from services.core.contracts import Mention, MentionType
from services.core.sentences import split_sentences
from services.core.windows import mark_pair
from services.extract.mentions import ReadText
from services.extract.relations import candidates
from tests.growth import assert_linear


def read(marked: str) -> ReadText:
    """A text in which [d:…] is a drug and [a:…] an event."""
    text, position = "", 0
    mentions: list[Mention] = []
    for match in re.finditer(r"\[([da]):([^\]]+)\]", marked):
        text += marked[position : match.start()]
        start, surface = len(text), match[2]
        text += surface
        position = match.end()
        kind = MentionType.DRUG if match[1] == "d" else MentionType.ADE
        mentions.append(
            Mention(
                mention_id=f"T{len(mentions)}",
                type=kind,
                start=start,
                end=start + len(surface),
                text=surface,
                probability=0.9,
                concept=surface.lower(),
            )
        )
    text += marked[position:]
    return ReadText(text, split_sentences(text), tuple(mentions), "words-1")


def pairs(marked: str) -> list[tuple[str, str]]:
    return [(c.drug.text, c.event.text) for c in candidates(read(marked))]


def test_every_drug_near_an_event_is_a_candidate() -> None:
    assert pairs("He took [d:aspirin] and [d:warfarin] and had [a:bleeding].") == [
        ("aspirin", "bleeding"),
        ("warfarin", "bleeding"),
    ]


def test_drugs_more_than_four_sentences_away_are_not() -> None:
    far = "He took [d:aspirin]. One day passed. Two days passed. Three days passed. "
    assert pairs(far + "Four days passed. He had [a:bleeding].") == []
    assert pairs(far + "He had [a:bleeding] then.") == []
    near = "He took [d:aspirin]. One day passed. Two days passed. He had [a:bleeding]."
    assert pairs(near) == [("aspirin", "bleeding")]


def test_of_several_mentions_of_a_drug_the_nearest_stands_for_all() -> None:
    text = read("[d:Aspirin] was given. On [d:aspirin] she had [a:bleeding].")
    (candidate,) = candidates(text)
    assert candidate.drug.start > 10


def test_a_mention_in_the_sentence_of_the_event_is_nearer_than_one_before_it() -> None:
    text = read("Off [d:aspirin]. [a:Bleeding] had begun at home after a week on [d:aspirin].")
    (candidate,) = candidates(text)
    assert candidate.drug.start > 20


def test_drugs_after_the_event_count_too() -> None:
    assert pairs("[a:Rash] after [d:amoxicillin].") == [("amoxicillin", "Rash")]


def test_later_events_do_not_lose_drugs_between_them_and_earlier_ones() -> None:
    text = (
        "[d:Aspirin] was given. [a:Bleeding] came. A day passed. Two days passed. "
        "Three days passed. [d:Warfarin] was given. [a:Bruising] came."
    )
    assert pairs(text) == [("Aspirin", "Bleeding"), ("Warfarin", "Bruising")]


def test_the_window_is_marked_exactly() -> None:
    text = read("Well before. On [d:aspirin] she had [a:bleeding]. After.")
    (candidate,) = candidates(text)
    marked = mark_pair(text.text, candidate.window, *candidate.spans)
    assert marked == "On <DRUG>aspirin</DRUG> she had <ADE>bleeding</ADE>."


def test_a_drug_given_against_the_event_is_not_asked_about() -> None:
    assert pairs("[d:Lisinopril] for [a:hypertension]; [a:cough] since.") == [
        ("Lisinopril", "cough")
    ]
    # Another mention of the drug still is, though it stands farther away.
    text = read("[d:Prednisone] gave her [a:acne]. [a:Acne] treated with [d:prednisone].")
    assert [(c.drug.start, c.event.text) for c in candidates(text)] == [(0, "acne"), (0, "Acne")]


def test_two_names_of_one_drug_are_both_asked_about() -> None:
    text = read("[d:Fluorouracil] ([d:5-FU]) caused [a:mucositis].")
    drugs = tuple(replace(one, concept="fluorouracil") for one in text.mentions[:2])
    named = replace(text, mentions=(*drugs, text.mentions[2]))
    assert [c.drug.text for c in candidates(named)] == ["Fluorouracil", "5-FU"]


def test_a_pair_in_more_words_than_a_reading_has_tokens_is_not_asked_about() -> None:
    text = read("[d:Aspirin] was given and then, in the night, [a:bleeding] began.")
    assert len(list(candidates(text, max_tokens=10))) == 1
    assert list(candidates(text, max_tokens=8)) == []
    run_on = "tired and " * 300
    assert pairs(f"[d:Aspirin] was given, {run_on} and [a:bleeding] began.") == []
    assert pairs(f"[d:Aspirin] was given, [a:bleeding] began, {run_on} and that was all.") == []


def test_the_drug_that_can_be_asked_about_stands_for_one_in_a_sentence_that_is_too_long() -> None:
    text = read(f"Off [d:aspirin]. {'Tired and ' * 300} on [d:aspirin]. [a:Bleeding] began.")
    assert list(candidates(text)) == []
    text = read(f"{'Tired and ' * 300} on [d:aspirin]. [a:Bleeding] began. Off [d:aspirin].")
    assert [c.drug.start for c in candidates(text)] == [text.mentions[2].start]


def test_a_note_that_is_one_sentence_takes_linear_time() -> None:
    def ask(count: int) -> None:
        assert pairs("[d:aspirin], [d:warfarin], [a:rash], [a:bleeding] and so on, " * count) == []

    assert_linear(ask, size=150)
