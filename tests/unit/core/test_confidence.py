"""The probability of a relation from those of its parts."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.confidence import CERTAIN, Confidence, log_odds, read_confidence

ALONE = Confidence(relation=1.0, event=0.0, drug=0.0, constant=0.0)
WRITTEN = {"relation": 0.5, "event": 0.25, "drug": 0.125, "constant": -2}

probabilities = st.floats(0.0, 1.0)
weights = st.floats(0.0, 50.0)
confidences = st.builds(
    Confidence, relation=weights, event=weights, drug=weights, constant=st.floats(-900.0, 900.0)
)


@given(st.floats(1 - CERTAIN, CERTAIN))
def test_a_relation_that_weighs_alone_keeps_its_probability(probability: float) -> None:
    assert ALONE.of(relation=probability, event=0.3, drug=0.1) == pytest.approx(probability)


def test_log_odds_are_added_with_their_weights() -> None:
    confidence = Confidence(relation=2.0, event=1.0, drug=0.5, constant=-1.0)
    found = confidence.of(relation=0.9, event=0.8, drug=0.1)
    odds = 9**2 * 4 * (1 / 9) ** 0.5 * math.exp(-1)
    assert found == pytest.approx(odds / (1 + odds))


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_an_answer_is_never_surer_than_certain(certain: float) -> None:
    assert log_odds(certain) == pytest.approx(math.copysign(math.log(999), certain - 0.5))
    assert log_odds(abs(certain - 0.0005)) == log_odds(certain)


@given(confidences, probabilities, probabilities, probabilities)
def test_any_answers_give_a_probability(
    confidence: Confidence, relation: float, event: float, drug: float
) -> None:
    assert 0.0 <= confidence.of(relation=relation, event=event, drug=drug) <= 1.0


@given(confidences, st.lists(probabilities, min_size=4, max_size=4), st.integers(0, 2))
def test_a_surer_answer_never_makes_a_relation_less_sure(
    confidence: Confidence, answers: list[float], which: int
) -> None:
    *before, other = answers
    after = [max(one, other) if place == which else one for place, one in enumerate(before)]
    names = ("relation", "event", "drug")
    surer = confidence.of(**dict(zip(names, after, strict=True)))
    # The last digit of a sum depends on its parts.
    assert surer >= confidence.of(**dict(zip(names, before, strict=True))) - 1e-12


def test_mentions_that_nobody_doubts_are_certain() -> None:
    confidence = read_confidence({"confidence": WRITTEN})
    assert confidence is not None
    assert confidence.of(relation=0.7) == confidence.of(relation=0.7, event=1.0, drug=1.0)


def test_a_card_may_have_none() -> None:
    assert read_confidence({"threshold": 0.5}) is None


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        ({"event": None}, TypeError),
        ({"drug": "much"}, ValueError),
        ({"relation": -0.1}, ValueError),
        ({"constant": math.inf}, ValueError),
        ({"event": math.nan}, ValueError),
    ],
)
def test_damaged_weights_are_refused(damage: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        read_confidence({"confidence": {**WRITTEN, **damage}})


def test_a_weight_that_is_missing_is_refused() -> None:
    with pytest.raises(KeyError):
        read_confidence({"confidence": {"relation": 1.0}})
