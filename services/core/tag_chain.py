"""Tags of neighbouring words depend on each other: a linear-chain CRF over what a model answers.

For words 1…n, emissions e (the model's logits) and a chain with start s, transitions t and end f, a
sequence y of tags has the score ``s[y_1] + Σ e_i[y_i] + Σ t[y_i, y_i+1] + f[y_n]``, and its
probability is softmax over all sequences (Lafferty et al., ICML 2001). Logits and the logarithms of
their softmax differ by a constant per word, which every sequence has; so a served graph may answer
with probabilities per word, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Probabilities = NDArray[np.float64] | NDArray[np.float32]

_LEAST = 1e-30
"""Probabilities below it are taken for it: a tag that a model rounds to 0 stays possible."""


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
    emissions, transitions = _emissions(chain, probabilities), np.array(chain.transitions)
    words = len(emissions)
    back = np.zeros(emissions.shape, dtype=np.int64)
    score = emissions[0]
    for word in range(1, words):
        through = score[:, None] + transitions
        back[word] = through.argmax(axis=0)
        score = through.max(axis=0) + emissions[word]
    tags = np.zeros(words, dtype=np.int64)
    tags[-1] = score.argmax()
    for word in range(words - 1, 0, -1):
        tags[word - 1] = back[word, tags[word]]
    return tags


def marginals(chain: TagChain, probabilities: Probabilities) -> Array:
    """The probability of each tag at each word over all sequences (forward–backward).

    Args:
        chain: of the tags.
        probabilities: of each word alone, [words, tags].

    Returns:
        [words, tags]; rows sum to 1.
    """
    emissions, transitions = _emissions(chain, probabilities), np.array(chain.transitions)
    forward, backward = emissions.copy(), np.zeros_like(emissions)
    for word in range(1, len(emissions)):
        forward[word] += _log_sum(forward[word - 1][:, None] + transitions, axis=0)
    for word in range(len(emissions) - 2, -1, -1):
        backward[word] = _log_sum(
            transitions + (emissions[word + 1] + backward[word + 1])[None, :], axis=1
        )
    joint = forward + backward
    found: Array = np.exp(joint - _log_sum(joint, axis=1)[:, None])
    return found


def _emissions(chain: TagChain, probabilities: Probabilities) -> Array:
    """Logarithms, with start and end added where they belong; at least one word."""
    emissions: Array = np.log(np.maximum(probabilities.astype(np.float64), _LEAST))
    emissions[0] += np.array(chain.start)
    emissions[-1] += np.array(chain.end)
    return emissions


def _log_sum(values: Array, *, axis: int) -> Array:
    greatest = values.max(axis=axis, keepdims=True)
    total: Array = np.log(np.exp(values - greatest).sum(axis=axis)) + greatest.squeeze(axis)
    return total
