"""Weights for the answers of both models, fitted on readings whose truth is known."""

from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from services.core.bio import TypedSpan
from services.core.confidence import Confidence, Rivals
from services.core.contracts import MentionType
from services.core.spans import Span
from services.core.windows import Form
from tests.fakes.documents import document
from training.evaluate import tagger
from training.evaluate.calibration import expected_calibration_error, reliability
from training.evaluate.confidence import fit_confidence, weighed
from training.evaluate.pair_scores import PairModel
from training.evaluate.scoring import Reading, ScoredPair

pytestmark = pytest.mark.training

DRUG, ADE = MentionType.DRUG, MentionType.ADE
RELATED = document("[Zocor] gave her a {rash}.", (("T1", "T2"),))
UNRELATED = document("[Zocor] gave her a {rash}.")
ZOCOR, RASH = (mention.span for mention in RELATED.mentions)
PLANTED = Confidence(relation=0.5, event=0.3, drug=0.2, constant=-1.0)

TWO_DRUGS = [
    document("[Zocor] or [aspirin] gave her {nausea}.", relations)
    for relations in ((), (("T1", "T3"),), (("T2", "T3"),), (("T1", "T3"), ("T2", "T3")))
]
*BOTH, NAUSEA = (mention.span for mention in TWO_DRUGS[0].mentions)


def reading(*, related: bool, caused: float, event: float, drug: float) -> Reading:
    pair = ScoredPair(ZOCOR, RASH, caused)
    sure = {TypedSpan(DRUG, ZOCOR): drug, TypedSpan(ADE, RASH): event}
    return Reading(RELATED if related else UNRELATED, list(sure), [pair], [pair], sure)


def planted(count: int) -> list[Reading]:
    """Readings that are right as often as `PLANTED` says."""
    draw = np.random.default_rng(7)
    readings = []
    for caused, event, drug, chance in draw.uniform(size=(count, 4)):
        probability = PLANTED.of(relation=caused, event=event, drug=drug)
        readings.append(
            reading(related=bool(chance < probability), caused=caused, event=event, drug=drug)
        )
    return readings


def test_the_weights_that_made_the_pairs_right_are_found() -> None:
    found = fit_confidence(planted(6000))
    for name in ("relation", "event", "drug"):
        assert getattr(found, name) == pytest.approx(getattr(PLANTED, name), abs=0.06), name
    assert found.constant == pytest.approx(PLANTED.constant, abs=0.1)


def contested(count: int, planted: Confidence) -> list[Reading]:
    """Readings of two drugs and one event, each pair as often right as `planted` says."""
    draw = np.random.default_rng(11)
    readings = []
    for first, second, *chances in draw.uniform(size=(count, 4)):
        answers = (first, second)
        right = [
            chance < planted.of(relation=own, event=0.5, drug=0.5, against=Rivals(other, 0.0))
            for own, other, chance in zip(answers, answers[::-1], chances, strict=True)
        ]
        told = TWO_DRUGS[sum(place * one for place, one in zip((1, 2), right, strict=True))]
        pairs = [
            ScoredPair(drug, NAUSEA, float(own)) for drug, own in zip(BOTH, answers, strict=True)
        ]
        readings.append(
            Reading(
                told,
                [TypedSpan(ADE, NAUSEA)],
                pairs,
                pairs,
                {TypedSpan(ADE, NAUSEA): 0.5, **{TypedSpan(DRUG, drug): 0.5 for drug in BOTH}},
            )
        )
    return readings


def test_what_speaks_against_a_pair_is_found() -> None:
    planted = Confidence(relation=0.6, event=0.0, drug=0.0, constant=-1.0, rival_drug=-0.3)
    found = fit_confidence(contested(5000, planted))
    assert found.relation == pytest.approx(0.6, abs=0.06)
    assert found.rival_drug == pytest.approx(-0.3, abs=0.06)


def test_rivals_that_speak_for_a_pair_weigh_nothing() -> None:
    told = TWO_DRUGS[3]
    pairs = [ScoredPair(drug, NAUSEA, 0.5) for drug in BOTH]
    alone = [pairs[0]]
    readings = [Reading(told, [], [], pairs)] * 200 + [Reading(TWO_DRUGS[0], [], [], alone)] * 200
    assert fit_confidence(readings).rival_drug == 0.0


def test_pairs_are_weighed_with_their_rivals_on_gold_mentions_too() -> None:
    planted = Confidence(relation=0.6, event=0.4, drug=0.2, constant=-1.0, rival_drug=-0.3)
    (one,) = contested(1, planted)
    first, second = (pair.caused for pair in one.end_to_end)
    (found,) = weighed([one], planted)
    assert [pair.caused for pair in found.on_gold] == [
        planted.of(relation=first, against=Rivals(second, 0.0)),
        planted.of(relation=second, against=Rivals(first, 0.0)),
    ]
    assert found.end_to_end[0].caused == planted.of(
        relation=first, event=0.5, drug=0.5, against=Rivals(second, 0.0)
    )


def test_weighed_probabilities_are_as_often_right_as_they_say() -> None:
    readings = planted(4000)
    confidence = fit_confidence(readings[:2000])
    right = [bool(one.document.relations) for one in readings[2000:]]

    def error(some: list[Reading]) -> float:
        return expected_calibration_error(
            reliability([one.end_to_end[0].caused for one in some], right)
        )

    before = error(readings[2000:])
    assert error(weighed(readings[2000:], confidence)) < before / 3


def test_an_answer_that_speaks_against_the_truth_weighs_nothing() -> None:
    readings = [
        reading(related=bool(number % 2), caused=0.5, event=0.1 if number % 2 else 0.9, drug=0.5)
        for number in range(400)
    ]
    assert fit_confidence(readings).event == 0.0


@pytest.mark.parametrize("count", [0, 1])
def test_few_pairs_say_little_against_the_relation_model(count: int) -> None:
    readings = [reading(related=True, caused=0.9, event=0.6, drug=0.9)] * count
    found = fit_confidence(readings)
    assert found.relation == pytest.approx(1.0, abs=0.2)
    assert abs(found.constant) < 0.2


def test_a_pair_that_overlaps_the_truth_is_right() -> None:
    longer = Span(RASH.start - 2, RASH.end)
    sure = {TypedSpan(DRUG, ZOCOR): 0.5, TypedSpan(ADE, longer): 0.5}
    pair = ScoredPair(ZOCOR, longer, 0.5)
    readings = [Reading(RELATED, list(sure), [], [pair], sure)] * 200
    assert fit_confidence(readings).constant > 2


def test_the_threshold_is_chosen_for_what_comes_of_the_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = planted(3000)

    def read_alone(ner: Any, relation: PairModel, documents: Any) -> list[Reading]:
        assert relation.confidence is None
        return readings

    monkeypatch.setattr(tagger, "read", read_alone)
    doubly = PairModel(Mock(), Mock(), Form.LEVITATED, confidence=PLANTED)
    confidence, threshold = tagger.calibrated(Mock(), doubly, {"any": []})
    assert confidence == fit_confidence(readings)
    surer = {"any": weighed(readings, confidence)}
    assert threshold == tagger.choose_threshold(surer)
    assert threshold != tagger.choose_threshold({"any": readings})


def test_gold_mentions_are_certain_and_found_ones_as_sure_as_the_model() -> None:
    one = reading(related=True, caused=0.7, event=0.6, drug=0.9)
    (found,) = weighed([one], PLANTED)
    assert [pair.caused for pair in found.on_gold] == [PLANTED.of(relation=0.7)]
    assert [pair.caused for pair in found.end_to_end] == [
        PLANTED.of(relation=0.7, event=0.6, drug=0.9)
    ]
    assert (found.document, found.mentions) == (one.document, one.mentions)
    assert weighed([one], None) == [one]
