"""How well statuses are read, and the summary of folds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.core.contracts import Assertion
from services.core.spans import Span
from tests.fakes.documents import document
from training.corpora.documents import Document
from training.evaluate.metrics import Score
from training.evaluate.scoring import Reading, ScoredPair
from training.evaluate.status_figures import counted_pairs, status_figures
from training.train.cross_validation import summary

pytestmark = pytest.mark.training


def with_status(status: str, *, doc_id: str, corpus: str = "adewatch") -> Document:
    made = document("[Zocor] gave {rash}.", (("T1", "T2"),), doc_id=doc_id)
    (relation,) = made.relations
    return replace(made, corpus=corpus, relations=(replace(relation, status=status),))


def reading(made: Document, status: Assertion | None, *, caused: float = 0.9) -> Reading:
    ((drug, event),) = made.pairs()
    return Reading(made, [], [ScoredPair(drug, event, caused, status)], [])


def test_statuses_are_scored_where_they_are_annotated_and_the_relation_is_found() -> None:
    readings = [
        reading(with_status("affirmed", doc_id="1"), Assertion.AFFIRMED),
        reading(with_status("negated", doc_id="2"), Assertion.AFFIRMED),
        reading(with_status("negated", doc_id="3"), Assertion.NEGATED),
        reading(with_status("hypothetical", doc_id="4"), Assertion.AFFIRMED, caused=0.1),
        reading(with_status("negated", doc_id="5", corpus="ade"), Assertion.AFFIRMED),
    ]
    figures: dict[str, Any] | None = status_figures(readings, threshold=0.5)
    assert figures is not None
    assert figures["relations"] == 3
    assert (figures["suppressed"], figures["suppressed_passing_as_affirmed"]) == (2, 1)
    assert figures["per_status"].keys() == {"affirmed", "negated"}
    assert figures["per_status"]["negated"]["recall"] == 0.5
    assert figures["macro_f1"] == pytest.approx(2 / 3, abs=1e-4)


def test_what_a_corpus_does_not_tell_apart_is_one_status() -> None:
    readings = [
        reading(with_status("uncertain", doc_id="1", corpus="phee"), Assertion.HYPOTHETICAL),
        reading(with_status("affirmed", doc_id="2", corpus="phee"), Assertion.HISTORICAL),
        reading(with_status("uncertain", doc_id="3"), Assertion.HYPOTHETICAL),
    ]
    figures: dict[str, Any] | None = status_figures(readings, threshold=0.5)
    assert figures is not None
    assert figures["per_status"]["affirmed"]["f1"] == 1.0
    assert figures["per_status"]["uncertain"]["recall"] == 0.5


def test_without_annotated_statuses_there_are_no_figures() -> None:
    elsewhere = reading(with_status("affirmed", doc_id="1", corpus="ade"), Assertion.AFFIRMED)
    assert status_figures([elsewhere], threshold=0.5) is None
    assert status_figures([], threshold=0.5) is None


def end_to_end(made: Document, *found: tuple[Span, Span, Assertion, float]) -> Reading:
    pairs = [ScoredPair(drug, event, caused, status) for drug, event, status, caused in found]
    return Reading(made, [], [], pairs)


def test_what_would_be_counted_is_held_against_what_should_be() -> None:
    affirmed, denied = with_status("affirmed", doc_id="1"), with_status("negated", doc_id="2")
    historical = with_status("historical", doc_id="3")
    ((drug, event),) = affirmed.pairs()
    part = Span(event.start, event.end - 1)
    scores = counted_pairs(
        [
            end_to_end(affirmed, (drug, part, Assertion.HISTORICAL, 0.9)),
            end_to_end(denied, (drug, event, Assertion.AFFIRMED, 0.9)),
            end_to_end(denied, (drug, event, Assertion.NEGATED, 0.9)),
            end_to_end(historical, (drug, event, Assertion.HISTORICAL, 0.4)),
            end_to_end(with_status("affirmed", doc_id="4", corpus="ade")),
        ],
        threshold=0.5,
    )
    assert scores is not None
    total = sum(scores, Score())
    assert (len(scores), total.precision, total.recall) == (4, 0.5, 0.5)
    assert counted_pairs([], threshold=0.5) is None


def test_folds_are_summed_up_by_mean_and_deviation() -> None:
    def fold(number: int, f1: float) -> dict[str, Any]:
        return {
            "fold": number,
            "ner_strict": {"micro": {"f1": f1}, "macro_f1": f1},
            "relations_on_gold_mentions": {"f1": f1},
            "end_to_end_strict": {"f1": f1 - 0.1},
        }

    found: dict[str, Any] = summary([fold(0, 0.8), fold(3, 0.9)])
    assert found["folds"] == [0, 3]
    assert found["end_to_end_strict"] == {
        "mean": 0.75,
        "deviation": 0.0707,
        "folds": [pytest.approx(0.7), pytest.approx(0.8)],
    }
    assert summary([fold(0, 0.8)])["ner_strict_macro"]["deviation"] is None  # type: ignore[index]
