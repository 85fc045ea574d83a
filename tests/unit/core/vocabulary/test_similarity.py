"""Nearly the same names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.vocabulary.similarity import Near, NearNames, distance

WORDS = st.text("abcd", max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "ab", 1),
        ("abc", "abxc", 1),
        ("abcd", "acbd", 1),
        ("kitten", "sitting", 3),
        ("ca", "abc", 3),
    ],
)
def test_distances_by_hand(one: str, other: str, expected: int) -> None:
    assert distance(one, other, 9) == expected
    assert distance(one, other, 1) == min(expected, 2)


@given(WORDS, WORDS)
def test_a_distance_is_symmetric_and_zero_only_for_the_same(one: str, other: str) -> None:
    found = distance(one, other, 20)
    assert found == distance(other, one, 20)
    assert (found == 0) == (one == other)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))


@given(st.lists(st.text("abcdefgh ", min_size=6, max_size=12), min_size=1, max_size=6), st.data())
def test_every_single_difference_is_within_reach_or_two_are_equally_near(
    names: list[str], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(names))
    at = data.draw(st.integers(1, len(name) - 1))
    wrong = name[:at] + "i" + name[at:]
    found = NearNames(names, range(len(names))).misspelt(wrong)
    if found is not None:
        assert distance(wrong, names[found.concept], 3) <= 2


def test_two_equally_near_concepts_are_none() -> None:
    near = NearNames(["cefalexin", "cefalexan"], [0, 1])
    assert near.misspelt("cefalexon") is None
    assert NearNames(["cefalexin", "cefalexan"], [0, 0]).misspelt("cefalexon") == Near(0, 0.9)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("hyperkalemia", "hypokalemia"),
        ("vitamin b", "vitamin d"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("thrombocytosis", "thrombocytopenia"),
        ("bradycardia", "tachycardia"),
        ("rash", "wash"),
        ("amoxicillin", "bmoxicillin"),
    ],
)
def test_few_letters_that_change_the_meaning_are_not_passed_over(name: str, wrong: str) -> None:
    near = NearNames([name], [0])
    assert near.misspelt(wrong) is None
    assert near.alike(wrong, threshold=0.6, margin=0.05) is None


def test_a_word_that_a_name_has_is_not_misspelt() -> None:
    near = NearNames(["renal toxicity", "retinal detachment"], [0, 1])
    assert near.misspelt("retinal toxicity") is None
    assert near.misspelt("rennal toxicity") == Near(0, 0.938)


def test_alike_needs_the_threshold_and_the_margin() -> None:
    near = NearNames(["interstitial lung disease", "renal tubular acidosis"], [0, 1])
    found = near.alike("interstitial lung diseases", threshold=0.8, margin=0.1)
    assert found is not None
    assert found.concept == 0
    assert 0.8 <= found.score < 1
    assert near.alike("interstitial", threshold=0.8, margin=0.1) is None
    assert near.alike("zzzz", threshold=0.1, margin=0.1) is None
    equal = NearNames(["acute lung disease a", "acute lung disease b"], [0, 1])
    assert equal.alike("acute lung disease", threshold=0.5, margin=0.1) is None


def test_the_cosine_of_a_name_with_itself_is_one() -> None:
    found = NearNames(["abcdef", "ghijkl"], [3, 7]).alike("ghijkl", threshold=0.99, margin=0.1)
    assert found == Near(7, 1.0)


def test_any_similarities_are_searched_with_the_same_care() -> None:
    near = NearNames(["hyperkalemia", "renal failure", "kidney failure"], [0, 1, 2])
    given = np.asarray([0.9, 0.8, 0.7])
    assert near.nearest("renal shutdown", given, threshold=0.5, margin=0.05) == Near(1, 0.8)
    assert near.nearest("renal shutdown", given, threshold=0.85, margin=0.05) is None
    assert near.nearest("renal shutdown", given, threshold=0.5, margin=0.15) is None
    assert near.nearest("hyperkalemic", given, threshold=0.5, margin=0.05) == Near(0, 0.9)
