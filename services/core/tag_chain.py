"""Tags of neighbouring words depend on each other: a linear-chain CRF over what a model answers.

For words 1…n, emissions e (the model's logits) and a chain with start s, transitions t and end f, a
sequence y of tags has the score ``s[y_1] + Σ e_i[y_i] + Σ t[y_i, y_i+1] + f[y_n]``, and its
probability is softmax over all sequences (Lafferty et al., ICML 2001). Logits and the logarithms of
their softmax differ by a constant per word, which every sequence has; so a served graph may answer
with probabilities per word, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add, mul

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Probabilities = NDArray[np.float64] | NDArray[np.float32]

_LEAST = 1e-30
"""Probabilities below it are taken for it: a tag that a model rounds to 0 stays possible."""

_FARTHEST = 200.0
"""Logarithms further below the greatest are taken for that far: products stay above 0."""


@dataclass(frozen=True, slots=True)
class TagChain:
    """What a model has learned of neighbouring tags of one type.

    Attributes:
        start: s, per tag.
        transitions: t, from the tag of a row to that of a column.
        end: f, per tag.
    """

    start: tuple[float, ...]
    transitions: tuple[tuple[float, ...], ...]
    end: tuple[float, ...]

    def __post_init__(self) -> None:
        """Raises: ValueError: the sizes differ, or there are no tags."""
        tags = len(self.start)
        if not tags or {len(self.end), len(self.transitions), *map(len, self.transitions)} != {
            tags
        }:
            raise ValueError("start, transitions and end of a chain must be of the same tags")

    def scaled(self, factor: float) -> TagChain:
        """The chain for emissions that are multiplied by `factor`."""
        return TagChain(
            tuple(factor * value for value in self.start),
            tuple(tuple(factor * value for value in row) for row in self.transitions),
            tuple(factor * value for value in self.end),
        )


def best_tags(chain: TagChain, probabilities: Probabilities) -> NDArray[np.int64]:
    """The most probable sequence (Viterbi); of equally probable ones that of the lower tags.

    Args:
        chain: of the tags.
        probabilities: of each word alone, [words, tags].
    """
    emissions = _logarithms(chain, probabilities).tolist()
    into = list(zip(*chain.transitions, strict=True))
    score, back = emissions[0], []
    # Lists, for rows of three numbers are too short for arrays to be quick.
    for emission in emissions[1:]:
        through = [list(map(add, score, column)) for column in into]
        best = list(map(max, through))
        back.append([one.index(most) for one, most in zip(through, best, strict=True)])
        score = list(map(add, best, emission))
    tags = [score.index(max(score))]
    for before in reversed(back):
        tags.append(before[tags[-1]])
    return np.array(tags[::-1], dtype=np.int64)


def marginals(chain: TagChain, probabilities: Probabilities) -> Array:
    """The probability of each tag at each word over all sequences (forward–backward).

    Args:
        chain: of the tags.
        probabilities: of each word alone, [words, tags].

    Returns:
        [words, tags]; rows sum to 1.
    """
    logarithms = _logarithms(chain, probabilities)
    emissions = np.exp(_near(logarithms, axis=1))
    factors = np.exp(_near(np.array(chain.transitions), axis=None))
    forward = _swept(emissions, factors)
    backward = _swept(emissions[::-1], factors.T)[::-1]
    joint = forward * backward / emissions
    found: Array = joint / joint.sum(axis=1, keepdims=True)
    return found


def _swept(emissions: Array, factors: Array) -> Array:
    """Per word the weight of each tag given all words up to it, [words, tags]; rows sum to 1."""
    into = factors.T.tolist()
    states: list[list[float]] = []
    for emission in emissions.tolist():
        if states:
            before = states[-1]
            emission = [
                own * sum(map(mul, before, column))
                for own, column in zip(emission, into, strict=True)
            ]
        total = sum(emission)
        states.append([one / total for one in emission])
    return np.array(states)


def _logarithms(chain: TagChain, probabilities: Probabilities) -> Array:
    """Of the probabilities, with start and end added where they belong; at least one word."""
    found: Array = np.log(np.maximum(probabilities.astype(np.float64), _LEAST))
    found[0] += np.array(chain.start)
    found[-1] += np.array(chain.end)
    return found


def _near(values: Array, *, axis: int | None) -> Array:
    """The values below their greatest, none further than `_FARTHEST`."""
    found: Array = np.maximum(values - values.max(axis=axis, keepdims=True), -_FARTHEST)
    return found
