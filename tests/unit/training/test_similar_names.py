"""The comparison of ways to find similar names says what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.core.contracts import MentionType
from services.core.vocabulary.lexicon import Concept, Entries
from services.core.vocabulary.similarity import NearNames
from tests.benchmarks import missed_names
from tests.benchmarks.missed_names import Miss, WithoutSimilarity
from tests.benchmarks.name_vectors import NameEncoder
from tests.benchmarks.similar_names import METHODS, Guesses, Search, guesses_of, lines

pytestmark = pytest.mark.training

DRUG, EVENT = MentionType.DRUG, MentionType.ADE
NAMES = ("rash", "nausea", "valvular heart disease")
ENTRIES = Entries(
    [Concept(type=EVENT, name=n, system="test", code=n, version="1") for n in NAMES],
    {name: number for number, name in enumerate(NAMES)},
)
FOUR = Guesses(
    score=np.asarray([0.9, 0.8, 0.7, 0.6]),
    lead=np.asarray([0.3, 0.0, 0.3, 0.3]),
    right=np.asarray([True, False, True, False]),
)
ALL = np.ones(4, dtype=np.bool_)


def test_the_best_cut_leaves_out_what_costs_more_than_it_gives() -> None:
    cut = FOUR.best(ALL, 1.0)
    assert FOUR.answered(cut).tolist() == [True, False, True, False]
    assert cut == pytest.approx((0.7, 0.3))
    only_wrong = FOUR.best(~FOUR.right, 1.0)
    assert not FOUR.answered(only_wrong).any()
    assert FOUR.answered(FOUR.best(ALL, 0.0)).sum() >= 2


def test_a_half_is_cut_by_what_the_other_half_shows() -> None:
    first = np.asarray([True, True, False, False])
    answered, (of_first, of_second) = FOUR.answered_by_halves(first, 1.0)
    # The second half teaches 0.7, which lets the nearest of the first half pass.
    assert of_first == pytest.approx((0.7, 0.3))
    assert of_second == pytest.approx((0.9, 0.3))
    assert answered.tolist() == [True, False, False, False]


def test_every_method_is_asked_over_the_same_names(encoder_folder: Path, tmp_path: Path) -> None:
    encoder = NameEncoder(str(encoder_folder), tmp_path / "cache")
    search = Search(ENTRIES, encoder)
    assert [round(guess.score, 2) for guess in search.guesses("nausea")] == [1.0] * 5
    assert {guess.concept for guess in search.guesses("nausea")} == {1}
    letters = search.guesses("valvular disease")[0]
    alike = NearNames(NAMES, range(3)).alike("valvular disease", threshold=0.5, margin=0.1)
    assert alike is not None
    assert (letters.concept, letters.score) == (alike.concept, alike.score)
    again = NameEncoder(str(encoder_folder), tmp_path / "cache").kept(list(NAMES))
    assert np.array_equal(again.cls, encoder.kept(list(NAMES)).cls)
    assert np.allclose(np.linalg.norm(again.mean, axis=1), 1, atol=1e-5)


def test_a_row_counts_right_and_wrong_answers(encoder_folder: Path, tmp_path: Path) -> None:
    search = Search(ENTRIES, NameEncoder(str(encoder_folder), tmp_path / "cache"))
    misses = [
        Miss(EVENT, "valvular disease", "a", frozenset({2})),
        Miss(EVENT, "valvular disease", "b", frozenset({1})),
    ]
    found = guesses_of(search, misses)
    assert list(found) == list(METHODS)
    assert found[METHODS[0]].right.tolist() == [True, False]
    served = next(lines(misses, found, cost=1.0)).split()
    assert served[2:] == ["1", "1", "0.500", "0.500", "1.000", "0.500"]


def test_misses_are_what_only_similarity_finds(tmp_path: Path) -> None:
    lexicon = WithoutSimilarity("words-1", {DRUG: Entries((), {}), EVENT: ENTRIES})
    assert lexicon.name(EVENT, "nausae").concept == "nausea"  # misspelt
    assert lexicon.name(EVENT, "valvular disease").coding is None
    judged = tmp_path / "judged.tsv"
    hidden = missed_names.digest("reaction")
    judged.write_text(f"ADE\tThe trots\tnausea|no such name\nADE\t{hidden}\t-\n", "utf-8")
    assert missed_names.judgements(lexicon, judged) == {
        (EVENT, missed_names.digest("trot")): frozenset({1}),
        (EVENT, missed_names.digest("reaction")): frozenset(),
    }
