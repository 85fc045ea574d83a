"""The gate closes for what is surely worse, and for nothing else."""

from __future__ import annotations

import pytest

from training.errors import TrainingError
from training.evaluate.metrics import Score
from training.publish.gate import compare, verdict

RIGHT, WRONG = Score(1, 1, 1), Score(0, 1, 1)


def test_the_same_answers_differ_by_nothing() -> None:
    scores = [RIGHT, WRONG] * 10
    found = compare(scores, scores, seed=1)
    assert (found.serving, found.candidate, found.lower, found.upper) == (0.5, 0.5, 0, 0)
    assert verdict({"ade": found}) == ""


def test_what_is_worse_everywhere_is_refused_and_said() -> None:
    found = compare([RIGHT] * 30, [RIGHT, WRONG] * 15, seed=1)
    assert found.upper < 0
    assert verdict({"ade": found}).startswith("ade: F1 0.5000 against 1.0000")


def test_a_difference_within_chance_passes() -> None:
    found = compare([RIGHT] * 15 + [WRONG] * 15, [WRONG] + [RIGHT] * 13 + [WRONG] * 16, seed=1)
    assert found.candidate < found.serving
    assert found.lower < 0 <= found.upper


def test_the_interval_is_that_of_the_difference_and_seeded() -> None:
    serving, candidate = [RIGHT, WRONG] * 20, [RIGHT, RIGHT, RIGHT, WRONG] * 10
    found = compare(serving, candidate, seed=1)
    # The difference per document is 1 in a quarter of 40 documents: 0.25 ± 1.96·√(.25·.75/40).
    assert found.lower == pytest.approx(0.116, abs=0.03)
    assert found.upper == pytest.approx(0.384, abs=0.03)
    assert compare(serving, candidate, seed=1) == found
    assert compare(serving, candidate, seed=2) != found


def test_other_documents_cannot_be_compared() -> None:
    with pytest.raises(TrainingError, match="1 and 2"):
        compare([RIGHT], [RIGHT, WRONG], seed=1)
    with pytest.raises(TrainingError):
        compare([], [], seed=1)
