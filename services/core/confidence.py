"""How probable a relation is, when the mentions it joins are themselves only probable.

The relation model answers as if the text named that drug and that event. Whether it does is the NER
model's answer, and a relation is right only if all three are. Their log odds, weighed by a logistic
regression that is fitted on development documents (`training/evaluate/confidence.py`), give one
calibrated probability: Platt scaling (Platt 1999) with three scores instead of one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CERTAIN = 0.999
"""Answers nearer to 0 or 1 weigh as much as this: a model is never surer."""


def log_odds(probability: float) -> float:
    """Natural logarithm of p / (1 - p), with p no nearer to 0 or 1 than `CERTAIN`.

    Args:
        probability: 0 to 1.
    """
    within = min(max(probability, 1 - CERTAIN), CERTAIN)
    return math.log(within) - math.log1p(-within)


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights of the log odds of three answers. A surer answer never makes a relation less sure.

    Attributes:
        relation: weight of the relation model's answer, not negative.
        event: of the NER model's answer on the event; `drug` on the drug.
        drug: see `event`.
        constant: log odds of a relation of which each answer is 0.5.

    Raises:
        ValueError: a weight is negative, or one of the numbers is not finite.
    """

    relation: float
    event: float
    drug: float
    constant: float

    def __post_init__(self) -> None:
        weights = (self.relation, self.event, self.drug)
        if not all(map(math.isfinite, (*weights, self.constant))) or min(weights) < 0:
            raise ValueError("weights of a confidence are finite and not negative")

    def of(self, *, relation: float, event: float = 1.0, drug: float = 1.0) -> float:
        """The probability that a text relates the two mentions, and that they are mentions.

        Args:
            relation: probability that they are related, if they are mentions.
            event: probability of the event mention; 1 for one that is known to be there.
            drug: likewise of the drug mention.
        """
        odds = (
            self.relation * log_odds(relation)
            + self.event * log_odds(event)
            + self.drug * log_odds(drug)
            + self.constant
        )
        # Of two ways to write it the one that cannot overflow.
        return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))


def read_confidence(card: Mapping[str, Any]) -> Confidence | None:
    """The weights in the card of a relation model; None of one that answers for itself alone.

    What else stands with them (the NER model that they were fitted with) is for readers.

    Raises:
        KeyError: one is missing.
        TypeError: one is no number.
        ValueError: see `Confidence`.
    """
    written = card.get("confidence")
    if written is None:
        return None
    return Confidence(
        **{name: float(written[name]) for name in ("relation", "event", "drug", "constant")}
    )
