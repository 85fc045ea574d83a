"""How probable a relation is, when its mentions are only probable and other pairs compete with it.

The relation model answers as if the text named that drug and that event, and looks at each pair
for itself. Whether the text names them is the NER model's answer. And a text that blames one drug
for an event seldom blames the next one too: what the model says of the other drugs of the event,
and of the other events of the drug, speaks against the pair. The log odds of all that, weighed by a
logistic regression that is fitted on development documents (`training/evaluate/confidence.py`),
give one calibrated probability: Platt scaling (Platt 1999) with five scores instead of one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

CERTAIN = 0.999
"""Answers nearer to 0 or 1 weigh as much as this: a model is never surer."""


def log_odds(probability: float) -> float:
    """Natural logarithm of p / (1 - p), with p no nearer to 0 or 1 than `CERTAIN`.

    Args:
        probability: 0 to 1.
    """
    within = min(max(probability, 1 - CERTAIN), CERTAIN)
    return math.log(within) - math.log1p(-within)


def beyond_unrelated(probability: float) -> float:
    """Log odds over those of a pair that is surely unrelated: of such a rival, 0."""
    return log_odds(probability) - log_odds(0.0)


class Rivals(NamedTuple):
    """The greatest answers of the relation model that speak against a pair; 0 where there is none.

    Attributes:
        drug: of the same event with another drug.
        event: of the same drug with another event.
    """

    drug: float
    event: float


NO_RIVALS = Rivals(0.0, 0.0)


def rivals(pairs: Sequence[tuple[Hashable, Hashable]], answers: Sequence[float]) -> list[Rivals]:
    """What speaks against each of the pairs of one text.

    Args:
        pairs: (drug, event) mentions, each pair once.
        answers: of the relation model on them, probabilities.

    Returns:
        One per pair, in order.
    """
    asked = [(drug, event, answer) for (drug, event), answer in zip(pairs, answers, strict=True)]
    by_drug = _two_greatest((drug, answer) for drug, _, answer in asked)
    by_event = _two_greatest((event, answer) for _, event, answer in asked)
    return [
        Rivals(_other(by_event[event], answer), _other(by_drug[drug], answer))
        for drug, event, answer in asked
    ]


def _two_greatest(answers: Iterable[tuple[Hashable, float]]) -> dict[Hashable, tuple[float, float]]:
    """Per mention the greatest answer on a pair of it and the next one, 0 where there is none."""
    found: dict[Hashable, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for mention, answer in answers:
        first, second = found[mention]
        found[mention] = max(first, answer), max(second, min(first, answer))
    return found


def _other(greatest: tuple[float, float], own: float) -> float:
    """The greatest of the others' answers."""
    first, second = greatest
    return second if own == first else first


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights of the log odds of five answers on a pair.

    A surer answer on a pair or its mentions never makes a relation less sure, one on a rival never
    surer.

    Attributes:
        relation: weight of the relation model's answer, not negative.
        event: of the NER model's answer on the event, not negative.
        drug: likewise on the drug.
        constant: log odds of a relation without rivals of which each answer is 0.5.
        rival_drug: of the relation model's answer on the event's strongest other drug, as far as
            it is beyond *surely unrelated*; not positive.
        rival_event: likewise on the drug's strongest other event.

    Raises:
        ValueError: a weight has the wrong sign, or one of the numbers is not finite.
    """

    relation: float
    event: float
    drug: float
    constant: float
    rival_drug: float = 0.0
    rival_event: float = 0.0

    def __post_init__(self) -> None:
        own = (self.relation, self.event, self.drug)
        against = (self.rival_drug, self.rival_event)
        if not all(map(math.isfinite, (*own, *against, self.constant))):
            raise ValueError("weights of a confidence are finite")
        if min(own) < 0 or max(against) > 0:
            raise ValueError("weights of a confidence are not negative, of rivals not positive")

    def of(
        self,
        *,
        relation: float,
        event: float = 1.0,
        drug: float = 1.0,
        against: Rivals = NO_RIVALS,
    ) -> float:
        """The probability that a text relates the two mentions, and that they are mentions.

        Args:
            relation: probability that they are related, if they are mentions.
            event: probability of the event mention; 1 for one that is known to be there.
            drug: likewise of the drug mention.
            against: the answers on the other pairs of each.
        """
        odds = (
            self.relation * log_odds(relation)
            + self.event * log_odds(event)
            + self.drug * log_odds(drug)
            + self.rival_drug * beyond_unrelated(against.drug)
            + self.rival_event * beyond_unrelated(against.event)
            + self.constant
        )
        # Of two ways to write it the one that cannot overflow.
        return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))


def read_confidence(card: Mapping[str, Any]) -> Confidence | None:
    """The weights in the card of a relation model; None of one that answers for itself alone.

    Rivals say nothing where the card has no weights of them, as before version 9. What else stands
    with them (the NER model that they were fitted with) is for readers.

    Raises:
        KeyError: one is missing.
        TypeError: one is no number.
        ValueError: see `Confidence`.
    """
    written = card.get("confidence")
    if written is None:
        return None
    return Confidence(
        **{name: float(written[name]) for name in ("relation", "event", "drug", "constant")},
        **{name: float(written.get(name, 0.0)) for name in ("rival_drug", "rival_event")},
    )
