"""Rules and the learned head together.

A log-linear model: the score of a status is a weighed sum of the logarithms of the head's
probabilities and of the weights of the clues that the rules saw, those that their own status does
not rest on among them. A strong phrase moves the outcome far, silence hardly; how far says
`assertion_weights`, which is fitted on relations that the head never learned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from services.core.assertion import RuledAssertion
from services.core.assertion_weights import BIAS, CLUES, HEAD
from services.core.contracts import Assertion

_FLOOR = 1e-3
"""Added to probabilities: a head is never so sure that nothing else counts."""


class StatusWeights(NamedTuple):
    """What is added to the score of a status.

    Attributes:
        bias: always.
        head: times the logarithm of the head's probability of a status, by that status.
        clues: for a clue of the rules, by clue; one that is not here counts nothing.
    """

    bias: Mapping[Assertion, float]
    head: Mapping[Assertion, Mapping[Assertion, float]]
    clues: Mapping[str, Mapping[Assertion, float]]


SHIPPED = StatusWeights(BIAS, HEAD, CLUES)


def surety(probability: float) -> float:
    """What a probability of the head counts as: its logarithm, bounded below."""
    return math.log(probability + _FLOOR)


def combine(
    rule: RuledAssertion,
    learned: Mapping[Assertion, float] | None,
    weights: StatusWeights = SHIPPED,
) -> Assertion:
    """The assertion of a relation.

    Args:
        rule: what the rules read.
        learned: a probability per status from the relation model; None where the model has no
            such head.
        weights: how to weigh both.

    Returns:
        The rules' status without a learned head; else the most probable one given both.
    """
    if learned is None:
        return rule.status
    scores = dict(weights.bias)
    for said, row in weights.head.items():
        sure = surety(learned.get(said, 0.0))
        for status, weight in row.items():
            scores[status] += weight * sure
    for clue in rule.clues:
        for status, weight in weights.clues.get(clue, {}).items():
            scores[status] += weight
    return max(Assertion, key=scores.__getitem__)
