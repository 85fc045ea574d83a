"""What a training that goes on learns from."""

from dataclasses import replace

import pytest

from tests.fakes.documents import document
from training.train.rehearsal import EVERYTHING, Rehearsal

pytestmark = pytest.mark.training

NOTE = document("On [aspirin] she had {rash}.", (("T1", "T2"),))
MANY = [replace(NOTE, doc_id=str(number)) for number in range(200)]


def test_a_share_is_drawn_anew_by_the_seed_only_and_keeps_the_order() -> None:
    rehearsal = Rehearsal(share=0.3)
    drawn = rehearsal.chosen("ade", MANY, seed=1)
    assert drawn == rehearsal.chosen("ade", MANY, seed=1) != rehearsal.chosen("ade", MANY, seed=2)
    assert 30 < len(drawn) < 90
    assert drawn == sorted(drawn, key=MANY.index)


def test_of_corpora_that_are_named_every_document_is_learned() -> None:
    rehearsal = Rehearsal(share=0.0, whole=("adewatch",))
    assert rehearsal.chosen("adewatch", MANY, seed=1) == MANY
    assert rehearsal.chosen("dictations", MANY, seed=1) == []
    assert EVERYTHING.chosen("ade", MANY, seed=1) == MANY
