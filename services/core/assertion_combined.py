"""Rules and the learned head together.

A log-linear model: the score of a status is a weighed sum of the logarithms of the head's
probabilities and of the weights of the clues that the rules saw, those that their own status does
not rest on among them. A strong phrase moves the outcome far, silence hardly; how far stands in the
card of the relation model, fitted on relations that its head never learned
(`training/evaluate/status_weights.py`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.core.assertion import RuledAssertion
from services.core.contracts import Assertion

_FLOOR = 1e-3
"""Added to probabilities: a head is never so sure that nothing else counts."""


class StatusWeights(NamedTuple):
    """What is added to the score of a status.

    Attributes:
        bias: always.
        head: times the logarithm of the head's probability of a status, by that status.
        clues: for a clue of the rules, by clue; one that is not here counts nothing.
        rules: `services.core.assertion_rules.VERSION` of the rules that they were fitted with.
        relations: number of relations that they were fitted on.
    """

    bias: Mapping[Assertion, float]
    head: Mapping[Assertion, Mapping[Assertion, float]]
    clues: Mapping[str, Mapping[Assertion, float]]
    rules: str = ""
    relations: int = 0


HEAD_ALONE = StatusWeights(
    bias=dict.fromkeys(Assertion, 0.0),
    head={said: {said: 1.0} for said in Assertion},
    clues={},
)
"""Of a head that nothing was fitted for: its most probable status."""

_DIGITS = 2
"""Of a weight that a card keeps."""


def surety(probability: float) -> float:
    """What a probability of the head counts as: its logarithm, bounded below."""
    return math.log(probability + _FLOOR)


def combine(
    rule: RuledAssertion,
    learned: Mapping[Assertion, float] | None,
    weights: StatusWeights = HEAD_ALONE,
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


def status_weights_entry(weights: StatusWeights) -> dict[str, object]:
    """The weights as a card has them; of statuses in the order of `Assertion`."""

    def row(values: Mapping[Assertion, float]) -> list[float]:
        return [round(values.get(one, 0.0), _DIGITS) for one in Assertion]

    return {
        "rules": weights.rules,
        "relations": weights.relations,
        "statuses": [one.value for one in Assertion],
        "bias": row(weights.bias),
        "head": {one.value: row(weights.head[one]) for one in Assertion},
        "clues": {clue: row(one) for clue, one in sorted(weights.clues.items())},
    }


def read_status_weights(card: Mapping[str, Any]) -> StatusWeights:
    """The weights in the card of a relation model; those of its head alone if it has none.

    Raises:
        KeyError: a part is missing.
        TypeError: one is no number, or no table.
        ValueError: not every status is there once, or a row has not one finite weight for each.
    """
    found = card.get("status_weights")
    if found is None:
        return HEAD_ALONE
    if not (isinstance(found["head"], Mapping) and isinstance(found["clues"], Mapping)):
        raise TypeError("weights of head and clues are tables")
    order = [Assertion(one) for one in found["statuses"]]
    head = {Assertion(one): values for one, values in found["head"].items()}
    if sorted(order) != sorted(Assertion) or set(head) != set(Assertion):
        raise ValueError("weights of statuses are for every status, each once")

    def row(values: Sequence[float]) -> dict[Assertion, float]:
        weights = dict(zip(order, map(float, values), strict=True))
        if not all(map(math.isfinite, weights.values())):
            raise ValueError("weights of statuses are finite")
        return weights

    return StatusWeights(
        bias=row(found["bias"]),
        head={one: row(values) for one, values in head.items()},
        clues={clue: row(values) for clue, values in found["clues"].items()},
        rules=_text(found["rules"]),
        relations=operator.index(found["relations"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("rules are named by a text")
    return value
