"""What a training that goes on from a version learns from."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.core.spans import Span
from tests.fakes.documents import document
from training.errors import DataMissing
from training.train.rehearsal import LEARNED, key, learned_by, to_learn, write_learned
from training.train.splits import Parts

pytestmark = pytest.mark.training

NOTE = document("On [aspirin] she had {rash}.", (("T1", "T2"),))
MANY = [replace(NOTE, doc_id=str(number)) for number in range(200)]
KNOWN = frozenset(map(key, MANY[:100]))


def test_what_is_not_known_is_learned_whole_and_of_the_rest_a_share() -> None:
    drawn = to_learn(MANY, KNOWN, share=0.3, seed=1)
    assert drawn[-100:] == MANY[100:]
    assert 115 < len(drawn) < 145
    assert drawn == sorted(drawn, key=MANY.index)
    assert drawn == to_learn(MANY, KNOWN, share=0.3, seed=1)
    assert drawn != to_learn(MANY, KNOWN, share=0.3, seed=2)
    assert to_learn(MANY, frozenset(), share=0.0, seed=1) == MANY


def test_a_document_whose_annotation_was_corrected_is_new() -> None:
    (relation,) = NOTE.relations
    corrected = [
        replace(NOTE, relations=(replace(relation, status="negated"),)),
        replace(NOTE, relations=()),
        replace(NOTE, text="On [aspirin] she had {rash}!"),
        replace(NOTE, mentions=(replace(NOTE.mentions[0], span=Span(3, 9)), NOTE.mentions[1])),
        replace(NOTE, complete=frozenset()),
    ]
    assert len({key(one) for one in (NOTE, *corrected)}) == len(corrected) + 1
    assert to_learn(corrected, {key(NOTE)}, share=0.0, seed=1) == corrected


def test_a_run_knows_what_it_and_the_version_before_it_learned(tmp_path: Path) -> None:
    parts = {"ade": Parts(MANY[100:], [NOTE], [NOTE])}
    write_learned(tmp_path, parts, KNOWN)
    assert learned_by(str(tmp_path)) == {*map(key, MANY)}
    assert not to_learn(MANY, learned_by(str(tmp_path)), share=0.0, seed=1)


def test_nothing_is_known_without_a_version_or_its_list(tmp_path: Path) -> None:
    assert learned_by("") == learned_by(str(tmp_path)) == frozenset()


def test_a_list_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / LEARNED).write_bytes(b"\xff")
    with pytest.raises(DataMissing, match=LEARNED):
        learned_by(str(tmp_path))
