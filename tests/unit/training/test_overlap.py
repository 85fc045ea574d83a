"""What one corpus tests on, no other may train on."""

from dataclasses import replace

import pytest

from services.core.spans import Span
from tests.fakes.documents import document
from training.corpora.documents import WHOLE_NOTES, AnnotatedTrap
from training.corpora.overlap import sentence_key, without_leaks, without_overlap
from training.train.splits import Parts

LONG = "She developed a severe rash after three doses of gold."


def test_case_blanks_punctuation_and_numbers_do_not_tell_sentences_apart() -> None:
    key = sentence_key("Rash (severe) after 30 mg of gold, again.")
    assert key == sentence_key("rash ( severe ) after 5 mg of gold , again .")
    assert key == sentence_key("Rash (severe) after __number__ mg of gold, again.")
    assert key != sentence_key("Rash (severe) after 30 mg of silver, again.")


def test_short_sentences_have_no_key() -> None:
    assert sentence_key("No known drug allergies.") is None


def test_a_document_is_dropped_for_its_group_or_for_one_sentence() -> None:
    held_out = [document(LONG, doc_id="h1", group="pmid:1")]
    kept = document("Another sentence of more than six words is fine.", doc_id="a", group="pmid:2")
    same_group = document("Short.", doc_id="b", group="pmid:1")
    same_text = document("First. " + LONG.upper(), doc_id="c", group="pmid:3")
    short = document("No rash.", doc_id="d", group="pmid:4")
    assert without_overlap([kept, same_group, same_text, short], held_out) == [kept, short]


def test_corpora_lose_training_documents_that_others_test_on() -> None:
    test = document(LONG, doc_id="t", group="pmid:1")
    copy = document(LONG, doc_id="u", group="x:9")
    dev = document("Nausea and vomiting were blamed on the iron tablets.", doc_id="v", group="p:2")
    dev_copy = document(dev.text, doc_id="w", group="p:3")
    parts = without_leaks(
        {
            "one": Parts(train=[dev_copy, copy], dev=[], test=[test]),
            "two": Parts(train=[copy, dev_copy], dev=[dev, copy], test=[]),
        }
    )
    # Only what another corpus holds out counts: `copy` stays in the corpus that tests on it.
    assert parts["one"] == Parts(train=[], dev=[], test=[test])
    assert parts["two"] == Parts(train=[dev_copy], dev=[dev], test=[])


@pytest.mark.parametrize("corpus", WHOLE_NOTES)
def test_notes_may_share_a_sentence_that_says_nothing_of_a_drug(corpus: str) -> None:
    phrase = "The patient tolerated the procedure well and went home."
    blamed = "She had a {rash} after three doses of [gold] given here."
    held_out = [replace(document(f"{phrase} {blamed}", doc_id="h"), corpus="clinical")]
    usual = document(f"{phrase} On [zocor].", doc_id="a")
    telling = document(f"{blamed} On [zocor].", doc_id="b")
    notes = [replace(one, corpus=corpus) for one in (usual, telling)]
    assert without_overlap(notes, held_out) == notes[:1]
    # In a note of which not every drug is marked the other one says what it is about.
    marked = replace(document("On [zocor] she slept all night.", doc_id="c"), corpus=corpus)
    unmarked = replace(document("On zocor she slept all night.", doc_id="d"), corpus="clinical")
    assert without_overlap([marked], [unmarked]) == []
    # So does a trap: what was marked as no event of a drug measures too.
    untold = replace(usual, group="other", corpus="adewatch")
    assert without_overlap(notes, [untold]) == notes
    trap = replace(untold, traps=(AnnotatedTrap("disease", Span(0, 11)),))
    assert without_overlap(notes, [trap]) == notes[1:]
    # Between any other two corpora each sentence counts.
    assert without_overlap([usual, telling], held_out) == []
    assert without_overlap(notes, [replace(held_out[0], corpus="ade")]) == []
