import pytest

from services.core.bio import TypedSpan
from services.core.contracts import MentionType
from services.core.spans import Span
from training.evaluate.metrics import Score, lenient, mention_scores, strict, summary

DRUG, ADE = MentionType.DRUG, MentionType.ADE
GOLD = [TypedSpan(DRUG, Span(0, 5)), TypedSpan(ADE, Span(10, 14)), TypedSpan(ADE, Span(20, 24))]
FOUND = [TypedSpan(DRUG, Span(0, 5)), TypedSpan(ADE, Span(9, 14)), TypedSpan(DRUG, Span(20, 24))]


def test_strict_wants_equal_spans_and_types() -> None:
    score = strict(GOLD, FOUND)
    assert (score.true_positives, score.predicted, score.gold) == (1, 3, 3)
    assert score.f1 == pytest.approx(1 / 3)


def test_lenient_wants_overlap_and_equal_types() -> None:
    score = lenient(GOLD, FOUND)
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == pytest.approx(2 / 3)


def test_lenient_counts_two_halves_of_one_mention_once_for_recall() -> None:
    halves = [TypedSpan(ADE, Span(10, 12)), TypedSpan(ADE, Span(12, 14))]
    score = lenient(GOLD, halves)
    assert score.precision == 1.0
    assert score.recall == pytest.approx(1 / 3)


def test_without_items_the_figures_are_zero() -> None:
    assert Score().f1 == 0
    assert Score(0, 0, 3).recall == 0


def test_micro_counts_items_and_macro_types() -> None:
    figures = summary(mention_scores([(GOLD, FOUND)]))
    # DRUG: 1 of 2 predicted, 1 of 1 gold: F1 2/3. ADE: none.
    assert figures["micro_f1"] == pytest.approx(0.3333)
    assert figures["macro_f1"] == pytest.approx(0.3333, abs=1e-4)


def test_scores_of_documents_add_up() -> None:
    scores = mention_scores([(GOLD, GOLD), (GOLD, [])])
    assert scores[ADE].as_json() == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": 0.6667,
        "gold": 4,
        "predicted": 2,
    }
