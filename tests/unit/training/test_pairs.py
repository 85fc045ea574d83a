from dataclasses import replace

import pytest

from services.core.contracts import MentionType
from services.core.spans import Span
from tests.fakes.documents import document
from training.rows.pairs import (
    Pair,
    candidate_pairs,
    gold_pairs,
    joined_sentences,
    predicted_negatives,
)

pytestmark = pytest.mark.training


def named(pairs: list[Pair]) -> list[tuple[str, str, bool]]:
    return [
        (
            pair.document.text[pair.drug.start : pair.drug.end],
            pair.document.text[pair.event.start : pair.event.end],
            pair.caused,
        )
        for pair in pairs
    ]


def test_every_event_meets_every_drug_of_its_window() -> None:
    note = document("[Zocor] and [aspirin]: {rash}, {nausea}.", (("T1", "T3"),))
    assert named(gold_pairs([note])) == [
        ("Zocor", "rash", True),
        ("aspirin", "rash", False),
        ("Zocor", "nausea", False),
        ("aspirin", "nausea", False),
    ]


def test_a_drug_given_against_the_event_only_teaches() -> None:
    note = document("[Zocor] for {cholesterol}; {myalgia} since.", (("T1", "T3"),))
    assert named(gold_pairs([note])) == [
        ("Zocor", "cholesterol", False),
        ("Zocor", "myalgia", True),
    ]
    assert named(gold_pairs([note], for_training=False)) == [("Zocor", "myalgia", True)]


def test_a_window_has_four_sentences_at_most() -> None:
    near = document("[Zocor]. Two. Three. {Rash}.")
    far = document("[Zocor]. Two. Three. Four. {Rash}.")
    assert len(gold_pairs([near])) == 1
    assert gold_pairs([far]) == []


def test_of_one_drug_name_the_nearest_mention_stands_for_all() -> None:
    note = document("[Zocor] was given. On [zocor] she had {rash}.")
    (pair,) = gold_pairs([note])
    assert pair.drug == Span(20, 25)
    assert pair.marked == "On <DRUG>zocor</DRUG> she had <ADE>rash</ADE>."


def test_a_mention_in_the_sentence_of_the_event_is_nearer_than_one_before_it() -> None:
    note = document("Off [zocor]. {Rash} had begun at home after a week on [zocor].")
    (pair,) = gold_pairs([note])
    assert pair.drug.start > 20


def test_a_gold_pair_is_kept_beside_a_nearer_mention_only_on_demand() -> None:
    note = document("[Zocor] was given. On [zocor] she had {rash}.", (("T1", "T3"),))
    drugs = [span for _, span in note.spans(MentionType.DRUG)]
    events = [span for _, span in note.spans(MentionType.ADE)]
    with_gold = candidate_pairs(note, drugs, events, for_training=True)
    assert [pair.caused for pair in with_gold] == [True, False]
    assert [pair.caused for pair in candidate_pairs(note, drugs, events, for_training=False)] == [
        False
    ]


def test_false_events_of_a_model_become_negatives() -> None:
    note = document("[Zocor] for cholesterol gave {rash} and [aspirin] none.", (("T1", "T2"),))
    cholesterol = Span(10, 21)
    pairs = predicted_negatives(note, [cholesterol, Span(27, 31)], limit=9, seed=1)
    assert named(pairs) == [("Zocor", "cholesterol", False), ("aspirin", "cholesterol", False)]
    assert len(predicted_negatives(note, [cholesterol], limit=1, seed=1)) == 1


def test_pairs_of_one_window_share_a_group() -> None:
    one = document("[Zocor] and [aspirin]: {rash}. [Advil]: {hives}.", doc_id="a")
    groups = [pair.group for pair in gold_pairs([one]) if pair.marked.startswith("<DRUG>Zocor")]
    assert len(set(groups)) == 1
    other = document("[Zocor]: {rash}.", doc_id="b")
    assert {pair.group for pair in gold_pairs([other])}.isdisjoint(groups)


SENTENCES = [
    document("[Zocor] gave {rash}.", (("T1", "T2"),), doc_id="1", group="g"),
    document("[Advil] gave {hives}.", (("T1", "T2"),), doc_id="2", group="g"),
    document("[Keflex] gave {nausea}.", (("T1", "T2"),), doc_id="3", group="h"),
]


def test_joined_sentences_keep_their_relations_and_give_crossing_negatives() -> None:
    (joined,) = joined_sentences(SENTENCES[:2], count=1, seed=1)
    assert joined.text == "[Zocor] gave {rash}. [Advil] gave {hives}.".translate(
        str.maketrans("", "", "[]{}")
    )
    assert joined.pairs() == {(Span(0, 5), Span(11, 15)), (Span(17, 22), Span(28, 33))}
    assert sorted(named(gold_pairs([joined]))) == [
        ("Advil", "hives", True),
        ("Advil", "rash", False),
        ("Zocor", "hives", False),
        ("Zocor", "rash", True),
    ]


def test_fragments_move_along_into_a_paragraph() -> None:
    pieces = ((Span(11, 12), Span(13, 15)), (Span(11, 12), Span(14, 16)))
    broken = [
        replace(one, mentions=(one.mentions[0], replace(one.mentions[1], fragments=of_one)))
        for one, of_one in zip(SENTENCES, pieces, strict=False)
    ]
    (joined,) = joined_sentences(broken, count=1, seed=1)
    found = [[joined.text[slice(*one)] for one in m.fragments] for m in joined.mentions]
    assert found == [[], ["r", "sh"], [], ["h", "es"]]


def test_paragraphs_of_two_corpora_are_two_documents() -> None:
    others = [replace(one, corpus="other") for one in SENTENCES]
    names = {made.doc_id for made in joined_sentences(SENTENCES, count=4, seed=1)}
    assert names.isdisjoint(made.doc_id for made in joined_sentences(others, count=4, seed=1))


def test_a_paragraph_is_cut_where_names_are_related_elsewhere() -> None:
    related = document("[Zocor] and {hives}.", (("T1", "T2"),), doc_id="4", group="i")
    # Zocor and hives are related somewhere, so the two sentences cannot stand together.
    assert joined_sentences([*SENTENCES[:2], related], count=1, seed=1) == []


def test_joining_is_seeded() -> None:
    def texts(seed: int) -> list[str]:
        return [made.text for made in joined_sentences(SENTENCES, count=8, seed=seed)]

    assert texts(2) == texts(2)
    assert texts(2) != texts(3)
