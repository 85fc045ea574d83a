"""The probability of a relation from those of its parts."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.confidence import (
    CERTAIN,
    NO_RIVALS,
    Confidence,
    Rivals,
    log_odds,
    read_confidence,
    rivals,
)

ALONE = Confidence(relation=1.0, event=0.0, drug=0.0, constant=0.0)
WRITTEN = {
    **{"relation": 0.5, "event": 0.25, "drug": 0.125, "constant": -2},
    **{"rival_drug": -0.5, "rival_event": -0.25},
}

probabilities = st.floats(0.0, 1.0)
weights = st.floats(0.0, 50.0)
confidences = st.builds(
    Confidence,
    relation=weights,
    event=weights,
    drug=weights,
    constant=st.floats(-900.0, 900.0),
    rival_drug=weights.map(lambda weight: -weight),
    rival_event=weights.map(lambda weight: -weight),
)


@given(st.floats(1 - CERTAIN, CERTAIN))
def test_a_relation_that_weighs_alone_keeps_its_probability(probability: float) -> None:
    assert ALONE.of(relation=probability, event=0.3, drug=0.1) == pytest.approx(probability)


def test_log_odds_are_added_with_their_weights() -> None:
    confidence = Confidence(relation=2.0, event=1.0, drug=0.5, constant=-1.0)
    found = confidence.of(relation=0.9, event=0.8, drug=0.1, against=Rivals(0.5, 0.9))
    odds = 9**2 * 4 * (1 / 9) ** 0.5 * math.exp(-1)
    assert found == pytest.approx(odds / (1 + odds))
    contested = replace(confidence, rival_drug=-1.0, rival_event=-0.5)
    odds /= 4 * 999 * (9 * 999) ** 0.5
    found = contested.of(relation=0.9, event=0.8, drug=0.1, against=Rivals(0.8, 0.9))
    assert found == pytest.approx(odds / (1 + odds))


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_an_answer_is_never_surer_than_certain(certain: float) -> None:
    assert log_odds(certain) == pytest.approx(math.copysign(math.log(999), certain - 0.5))
    assert log_odds(abs(certain - 0.0005)) == log_odds(certain)


@given(confidences, st.lists(probabilities, min_size=5, max_size=5))
def test_any_answers_give_a_probability(confidence: Confidence, answers: list[float]) -> None:
    relation, event, drug, *others = answers
    found = confidence.of(relation=relation, event=event, drug=drug, against=Rivals(*others))
    assert 0.0 <= found <= 1.0


@given(confidences, st.lists(probabilities, min_size=4, max_size=4), st.booleans())
def test_a_surer_rival_never_makes_a_relation_surer(
    confidence: Confidence, answers: list[float], of_the_event: bool
) -> None:
    relation, *others, more = answers
    before = Rivals(*others)
    after = (
        before._replace(drug=max(before.drug, more))
        if of_the_event
        else before._replace(event=max(before.event, more))
    )
    # The last digit of a sum depends on its parts.
    less = confidence.of(relation=relation, against=after)
    assert less <= confidence.of(relation=relation, against=before) + 1e-12


@given(confidences, probabilities)
def test_a_pair_that_is_surely_unrelated_is_no_rival(
    confidence: Confidence, relation: float
) -> None:
    alone = replace(confidence, rival_drug=0.0, rival_event=0.0)
    assert confidence.of(relation=relation) == alone.of(relation=relation)


def test_rivals_share_one_mention_and_the_strongest_counts() -> None:
    pairs = [("A", "x"), ("B", "x"), ("C", "x"), ("A", "y"), ("D", "z")]
    assert rivals(pairs, [0.9, 0.7, 0.2, 0.4, 0.8]) == [
        Rivals(drug=0.7, event=0.4),
        Rivals(drug=0.9, event=0.0),
        Rivals(drug=0.9, event=0.0),
        Rivals(drug=0.0, event=0.9),
        NO_RIVALS,
    ]
    assert rivals([], []) == []


def test_of_equal_answers_each_has_the_other_against_it() -> None:
    assert rivals([("A", "x"), ("B", "x")], [0.6, 0.6]) == [Rivals(0.6, 0.0)] * 2


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(0, 3)), st.sampled_from([0.1, 0.5, 0.9])
    )
)
def test_rivals_are_those_of_every_other_pair(answers: dict[tuple[int, int], float]) -> None:
    def greatest(shared: int, pair: tuple[int, int]) -> float:
        return max(
            (
                answer
                for other, answer in answers.items()
                if other != pair and other[shared] == pair[shared]
            ),
            default=0.0,
        )

    assert rivals(list(answers), list(answers.values())) == [
        Rivals(drug=greatest(1, pair), event=greatest(0, pair)) for pair in answers
    ]


@given(confidences, st.lists(probabilities, min_size=4, max_size=4), st.integers(0, 2))
def test_a_surer_answer_never_makes_a_relation_less_sure(
    confidence: Confidence, answers: list[float], which: int
) -> None:
    *before, other = answers
    after = [max(one, other) if place == which else one for place, one in enumerate(before)]

    def sure(relation: float, event: float, drug: float) -> float:
        return confidence.of(relation=relation, event=event, drug=drug)

    # The last digit of a sum depends on its parts.
    assert sure(*after) >= sure(*before) - 1e-12


def test_mentions_that_nobody_doubts_are_certain() -> None:
    confidence = read_confidence({"confidence": WRITTEN})
    assert confidence is not None
    assert confidence.of(relation=0.7) == confidence.of(relation=0.7, event=1.0, drug=1.0)


def test_a_card_may_have_none() -> None:
    assert read_confidence({"threshold": 0.5}) is None


def test_the_weights_are_those_of_the_card_and_of_rivals_none_where_it_has_none() -> None:
    found = read_confidence({"confidence": WRITTEN})
    assert found == Confidence(
        relation=0.5, event=0.25, drug=0.125, constant=-2.0, rival_drug=-0.5, rival_event=-0.25
    )
    earlier = {name: weight for name, weight in WRITTEN.items() if "rival" not in name}
    unrivalled = read_confidence({"confidence": earlier})
    assert unrivalled is not None
    assert unrivalled.of(relation=0.7) == unrivalled.of(relation=0.7, against=Rivals(0.9, 0.9))


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        ({"event": None}, TypeError),
        ({"drug": "much"}, ValueError),
        ({"relation": -0.1}, ValueError),
        ({"constant": math.inf}, ValueError),
        ({"event": math.nan}, ValueError),
        ({"rival_drug": 0.1}, ValueError),
        ({"rival_event": -math.inf}, ValueError),
        ({"rival_event": None}, TypeError),
    ],
)
def test_damaged_weights_are_refused(damage: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        read_confidence({"confidence": {**WRITTEN, **damage}})


def test_a_weight_that_is_missing_is_refused() -> None:
    with pytest.raises(KeyError):
        read_confidence({"confidence": {"relation": 1.0}})
