"""Chains of tags against all sequences, one by one."""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from services.core.bio import decode
from services.core.contracts import MentionType
from services.core.model_ports import Encoding
from services.core.spans import Span
from services.core.tag_chain import TagChain, best_tags, marginals

CHAIN = TagChain(
    (0.5, 0.1, -3.0), ((0.4, 0.2, -4.0), (0.1, -1.0, 1.5), (0.3, -0.5, 0.9)), (0, 0.2, 0)
)
NO_CHAIN = TagChain((0, 0, 0), ((0, 0, 0), (0, 0, 0), (0, 0, 0)), (0, 0, 0))


def drawn(words: int, seed: int) -> NDArray[np.float64]:
    raw = np.exp(np.random.default_rng(seed).normal(0, 2, (words, 3)))
    probabilities: NDArray[np.float64] = raw / raw.sum(axis=1, keepdims=True)
    return probabilities


def score(chain: TagChain, probabilities: NDArray[np.float64], tags: tuple[int, ...]) -> float:
    total = chain.start[tags[0]] + chain.end[tags[-1]]
    total += sum(math.log(probabilities[word, tag]) for word, tag in enumerate(tags))
    return total + sum(chain.transitions[a][b] for a, b in itertools.pairwise(tags))


@pytest.mark.parametrize("words", [1, 2, 5])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_best_sequence_and_the_marginals_are_those_of_all_sequences(
    words: int, seed: int
) -> None:
    probabilities = drawn(words, seed)
    every = list(itertools.product(range(3), repeat=words))
    scores = {tags: score(CHAIN, probabilities, tags) for tags in every}
    assert tuple(best_tags(CHAIN, probabilities)) == max(every, key=lambda tags: scores[tags])
    total = sum(math.exp(one) for one in scores.values())
    expected = np.zeros((words, 3))
    for tags, one in scores.items():
        for word, tag in enumerate(tags):
            expected[word, tag] += math.exp(one) / total
    np.testing.assert_allclose(marginals(CHAIN, probabilities), expected, rtol=1e-9)


def test_a_chain_of_nothing_leaves_words_alone() -> None:
    probabilities = drawn(7, 4)
    np.testing.assert_allclose(marginals(NO_CHAIN, probabilities), probabilities, rtol=1e-9)
    assert best_tags(NO_CHAIN, probabilities).tolist() == probabilities.argmax(axis=1).tolist()


def test_long_texts_and_certain_words_stay_finite() -> None:
    certain = np.tile(np.array([1.0, 0.0, 0.0]), (4_000, 1))
    found = marginals(CHAIN, certain)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_what_words_say_against_what_the_chain_forbids_stays_a_distribution() -> None:
    apart = TagChain((0, 0, 0), ((0, -1e4, 0), (0, 0, -1e4), (-1e4, 0, 0)), (-1e4, 0, 0))
    certain = np.eye(3)[[0, 1, 2, 0, 0, 1]]
    found = marginals(apart, certain)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


def test_a_temperature_scales_the_whole_chain() -> None:
    probabilities = drawn(4, 5)
    cooler = probabilities**0.5 / (probabilities**0.5).sum(axis=1, keepdims=True)
    half = marginals(CHAIN.scaled(0.5), cooler)
    every = list(itertools.product(range(3), repeat=4))
    weights = {tags: math.exp(score(CHAIN, probabilities, tags) / 2) for tags in every}
    expected = sum(weight for tags, weight in weights.items() if tags[0] == 1)
    assert half[0, 1] == pytest.approx(expected / sum(weights.values()))


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match="same tags"):
        TagChain((0, 0), ((0, 0), (0, 0, 0)), (0, 0))


def test_a_chain_mends_a_continuation_without_a_beginning() -> None:
    # "mild skin rash": alone, "skin" is outside and "rash" continues what never began.
    encoding = Encoding(
        (2, 7, 8, 9, 3), ((0, 0), (0, 4), (5, 9), (10, 14), (0, 0)), (None, 0, 1, 2, None)
    )
    outside = [1.0, 0.0, 0.0]
    event = [outside, [0.9, 0.05, 0.05], [0.5, 0.45, 0.05], [0.1, 0.1, 0.8], outside]
    answer = np.array([[*outside, *tags] for tags in event], dtype=np.float32)
    alone = decode(encoding, answer)
    assert [(one.type, one.span) for one in alone] == [(MentionType.ADE, Span(10, 14))]
    chains = {MentionType.DRUG: NO_CHAIN, MentionType.ADE: CHAIN}
    (found,) = decode(encoding, answer, chains=chains)
    assert found.span == Span(5, 14)
    expected = marginals(CHAIN, answer[1:4, 3:])
    assert found.probability == pytest.approx((expected[1, 1] + expected[2, 2]) / 2)
