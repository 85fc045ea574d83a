"""What a training that goes on from a version learns from."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from services.core.spans import Span
from tests.fakes.documents import document
from training.corpora.documents import Document
from training.errors import DataMissing, TrainingError
from training.train.rehearsal import LEARNED, Known, known_to
from training.train.splits import Parts

pytestmark = pytest.mark.training

NOTE = document("On [aspirin] she had {rash}.", (("T1", "T2"),))
MANY = [replace(NOTE, doc_id=str(number)) for number in range(200)]
NOTHING = known_to("")


def after(folder: Path, learned: list[Document], *, before: Known = NOTHING) -> Known:
    """What weights know after a training."""
    folder.mkdir(parents=True, exist_ok=True)
    before.write(folder, {"ade": Parts(learned, [], [])})
    return known_to(str(folder))


def test_what_is_not_known_is_learned_whole_and_of_the_rest_a_share(tmp_path: Path) -> None:
    known = after(tmp_path / "ner/3", MANY[:100])
    drawn = known.to_learn(MANY, share=0.3, seed=1)
    assert drawn[-100:] == MANY[100:]
    assert 115 < len(drawn) < 145
    assert drawn == sorted(drawn, key=MANY.index)
    assert drawn == known.to_learn(MANY, share=0.3, seed=1)
    assert drawn != known.to_learn(MANY, share=0.3, seed=2)
    assert NOTHING.to_learn(MANY, share=0.0, seed=1) == MANY


def test_the_next_version_rehearses_other_documents(tmp_path: Path) -> None:
    one, next_ = (after(tmp_path / f"ner/{number}", MANY) for number in (3, 4))
    assert one.to_learn(MANY, share=0.3, seed=1) != next_.to_learn(MANY, share=0.3, seed=1)


def test_a_document_that_was_annotated_anew_is_learned_anew(tmp_path: Path) -> None:
    (relation,) = NOTE.relations
    corrected = [
        replace(NOTE, relations=(replace(relation, status="negated"),)),
        replace(NOTE, relations=()),
        replace(NOTE, text="On [aspirin] she had {rash}!"),
        replace(NOTE, mentions=(replace(NOTE.mentions[0], span=Span(3, 9)), NOTE.mentions[1])),
        replace(NOTE, complete=frozenset()),
    ]
    known = after(tmp_path / "1", [NOTE])
    assert known.to_learn([NOTE, *corrected], share=0.0, seed=1) == corrected
    # Taken back, it is new again: the weights have learned otherwise since.
    twice = after(tmp_path / "2", corrected[:1], before=known)
    assert twice.to_learn([NOTE, *corrected[:1]], share=0.0, seed=1) == [NOTE]


def test_fragments_tell_only_where_there_are_any(tmp_path: Path) -> None:
    # As the first lists have it, which knew no fragments.
    (tmp_path / LEARNED).write_text("8b53639f152c8fc6 30d4a8f5fef7eacd\n")
    known = known_to(str(tmp_path))
    drug, event = NOTE.mentions
    broken = replace(event, fragments=(Span(19, 20), Span(21, 23)))
    in_pieces = replace(NOTE, mentions=(drug, broken))
    assert known.to_learn([NOTE, in_pieces], share=0.0, seed=1) == [in_pieces]


def test_what_was_learned_before_stays_known(tmp_path: Path) -> None:
    known = after(tmp_path / "2", MANY[100:], before=after(tmp_path / "1", MANY[:100]))
    assert known.to_learn(MANY, share=0.0, seed=1) == []


@pytest.mark.parametrize("part", ["dev", "test"])
def test_weights_that_know_what_is_held_out_are_refused(tmp_path: Path, part: str) -> None:
    known = after(tmp_path / "ner/3", MANY[:3])
    parts = {"dev": Parts([], MANY[2:9], []), "test": Parts([], [], MANY[2:9])}[part]
    with pytest.raises(TrainingError, match="ner/3 has learned 1 of 7 documents of ade"):
        known.refuse_held_out({"twimed": Parts(MANY, [], []), "ade": parts})
    known.refuse_held_out({"ade": Parts(MANY[:3], MANY[3:5], MANY[5:])})


def test_a_version_that_does_not_say_what_it_knows_rehearses_nothing(tmp_path: Path) -> None:
    assert known_to(str(tmp_path)).to_learn(MANY, share=1.0, seed=1) == MANY
    with pytest.raises(DataMissing, match="does not say what it learned from"):
        known_to(str(tmp_path), share=0.25)


def test_without_a_version_there_is_nothing_to_rehearse() -> None:
    with pytest.raises(TrainingError, match="nothing to rehearse"):
        known_to("", share=0.25)


@pytest.mark.parametrize("content", [b"\xff", b"one\n", b"one two three\n"])
def test_a_list_that_cannot_be_read_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LEARNED).write_bytes(content)
    with pytest.raises(DataMissing, match=f"{os.sep}{LEARNED}: "):
        known_to(str(tmp_path))
