"""Weighs the answers of both models for one probability of a relation, and fits the weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from services.core.bio import TypedSpan
from services.core.confidence import Confidence, log_odds
from services.core.contracts import MentionType
from training.evaluate.pair_metrics import overlapping
from training.evaluate.scoring import Reading, ScoredPair

Array = NDArray[np.float64]

_ALONE = np.array([1.0, 0.0, 0.0, 0.0])
"""Weights that leave the relation model's answer as it is: what is held before a pair is seen."""
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
            pair._replace(caused=confidence.of(relation=pair.caused)) for pair in reading.on_gold
        ],
        end_to_end=[
            pair._replace(
                caused=confidence.of(
                    relation=pair.caused,
                    event=_probability(reading, MentionType.ADE, pair),
                    drug=_probability(reading, MentionType.DRUG, pair),
                )
            )
            for pair in reading.end_to_end
        ],
    )


def fit_confidence(readings: Iterable[Reading]) -> Confidence:
    """The weights under which pairs end to end are as often right as their probability says.

    A pair is right if it overlaps a gold relation in both mentions. A logistic regression of
    greatest posterior probability, with weights that are not negative; every pair counts alike.

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

    bounds = [(0.0, None)] * 3 + [(None, None)]
    found = minimize(loss, _ALONE, jac=True, bounds=bounds).x
    # As many digits as the card keeps: what is measured is what serves.
    relation, event, drug, constant = (round(float(one), 4) for one in found)
    return Confidence(relation=relation, event=event, drug=drug, constant=constant)


def _pairs(readings: Iterable[Reading]) -> tuple[Array, Array]:
    """Log odds of the answers and a one, [pairs, 4], and which pairs are right, [pairs]."""
    rows: list[Sequence[float]] = []
    right: list[float] = []
    for reading in readings:
        gold = reading.document.pairs()
        for pair in reading.end_to_end:
            answers = (
                pair.caused,
                _probability(reading, MentionType.ADE, pair),
                _probability(reading, MentionType.DRUG, pair),
            )
            rows.append((*map(log_odds, answers), 1.0))
            right.append(float(overlapping(gold, {pair.spans}).true_positives))
    return np.array(rows, dtype=np.float64).reshape(-1, 4), np.array(right, dtype=np.float64)


def _probability(reading: Reading, type_: MentionType, pair: ScoredPair) -> float:
    span = pair.drug if type_ is MentionType.DRUG else pair.event
    return reading.probabilities.get(TypedSpan(type_, span), 1.0)
