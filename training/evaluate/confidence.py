"""Weighs the answers of both models for one probability of a relation, and fits the weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from services.core.bio import TypedSpan
from services.core.confidence import Confidence, Rivals, beyond_unrelated, log_odds, rivals
from services.core.contracts import MentionType
from training.evaluate.pair_metrics import overlapping
from training.evaluate.scoring import Reading, ScoredPair

Array = NDArray[np.float64]

_WEIGHTS = ("relation", "event", "drug", "rival_drug", "rival_event", "constant")
"""In the order of the columns of `_pairs`."""
_WEIGHTS = ("relation", "event", "drug", "rival_drug", "rival_event", "constant")
"""In the order of the columns of `_pairs`."""
_ALONE = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
"""Weights that leave the relation model's answer as it is: what is held before a pair is seen."""
_BOUNDS = ((0.0, None), (0.0, None), (0.0, None), (None, 0.0), (None, 0.0), (None, None))
_BELIEF = 0.5
"""Of the squared distance from `_ALONE`: a normal prior of deviation 1 for each number, which a
handful of pairs cannot overrule and hundreds can."""


def weighed(readings: Iterable[Reading], confidence: Confidence | None) -> list[Reading]:
    """The readings with the probabilities of pairs weighed with those of their mentions.

    Gold mentions are known to be there. Without a confidence the relation model stands alone.
    """
    if confidence is None:
        return list(readings)
    return [_weighed(reading, confidence) for reading in readings]


def _weighed(reading: Reading, confidence: Confidence) -> Reading:
    return replace(
        reading,
        on_gold=[
            pair._replace(caused=confidence.of(relation=pair.caused, against=against))
            for pair, against in _with_rivals(reading.on_gold)
        ],
        end_to_end=[
            pair._replace(
                caused=confidence.of(
                    relation=pair.caused,
                    event=_probability(reading, MentionType.ADE, pair),
                    drug=_probability(reading, MentionType.DRUG, pair),
                    against=against,
                )
            )
            for pair, against in _with_rivals(reading.end_to_end)
        ],
    )


def _with_rivals(pairs: Sequence[ScoredPair]) -> list[tuple[ScoredPair, Rivals]]:
    against = rivals([pair.spans for pair in pairs], [pair.caused for pair in pairs])
    return list(zip(pairs, against, strict=True))


def fit_confidence(readings: Iterable[Reading]) -> Confidence:
    """The weights under which pairs end to end are as often right as their probability says.

    A pair is right if it overlaps a gold relation in both mentions. A logistic regression of
    greatest posterior probability, with weights of the signs that `Confidence` asks for; every pair
    counts alike.

    Args:
        readings: of development documents, with the models' own answers, not weighed before.
    """
    rows, right = _pairs(readings)

    def loss(weights: Array) -> tuple[float, Array]:
        odds = rows @ weights
        away = weights - _ALONE
        gradient: Array = rows.T @ (expit(odds) - right) + 2 * _BELIEF * away
        likelihood = float((right * odds - np.logaddexp(0.0, odds)).sum())
        return _BELIEF * float(away @ away) - likelihood, gradient

    found = minimize(loss, _ALONE, jac=True, bounds=_BOUNDS).x
    # As many digits as the card keeps: what is measured is what serves.
    return Confidence(
        **{name: round(float(one), 4) for name, one in zip(_WEIGHTS, found, strict=True)}
    )


def _pairs(readings: Iterable[Reading]) -> tuple[Array, Array]:
    """Log odds of the answers and a one, [pairs, 6], and which pairs are right, [pairs]."""
    rows: list[Sequence[float]] = []
    right: list[float] = []
    for reading in readings:
        gold = reading.document.pairs()
        for pair, against in _with_rivals(reading.end_to_end):
            answers = (
                pair.caused,
                _probability(reading, MentionType.ADE, pair),
                _probability(reading, MentionType.DRUG, pair),
            )
            rows.append((*map(log_odds, answers), *map(beyond_unrelated, against), 1.0))
            right.append(float(overlapping(gold, {pair.spans}).true_positives))
    every = np.array(rows, dtype=np.float64).reshape(-1, len(_WEIGHTS))
    return every, np.array(right, dtype=np.float64)


def _probability(reading: Reading, type_: MentionType, pair: ScoredPair) -> float:
    span = pair.drug if type_ is MentionType.DRUG else pair.event
    return reading.probabilities.get(TypedSpan(type_, span), 1.0)
