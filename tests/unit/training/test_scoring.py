"""Evaluation against small protocol functions: figures, baselines, errors."""

from typing import Any

import pytest

from services.core.bio import Decoded, TypedSpan
from services.core.contracts import MentionType
from services.core.spans import Span
from tests.fakes.documents import document
from training.corpora.documents import AnnotatedTrap, Document
from training.evaluate.baselines import BASELINES
from training.evaluate.error_report import (
    error_report,
    mention_errors,
    negated,
    pair_errors,
    section,
)
from training.evaluate.figures import report
from training.evaluate.metrics import Score
from training.evaluate.pair_metrics import both_classes, by_name, gold_candidates, overlapping
from training.evaluate.scoring import Reading, ScoredPair, candidates, one_by_one, read_documents

DRUG, ADE = MentionType.DRUG, MentionType.ADE

# Zocor 0-5, aspirin 10-17, rash 23-27 | nausea 35-41
NOTE = document("[Zocor] and [aspirin] gave {rash}. Later {nausea}.", (("T1", "T3"),))
ZOCOR, ASPIRIN, RASH, NAUSEA = (mention.span for mention in NOTE.mentions)
OTHER = document("[Advil] for pain.", doc_id="d2")


def names(document: Document, pairs: list[ScoredPair]) -> set[tuple[str, str]]:
    return {
        (document.text[slice(*pair.drug)], document.text[slice(*pair.event)])
        for pair in pairs
        if pair.caused >= 0.5
    }


def test_finder_and_scorer_are_asked_about_gold_and_about_what_was_found() -> None:
    def find(documents: Any) -> list[list[Decoded]]:
        return [[Decoded(DRUG, ZOCOR, 0.9), Decoded(ADE, NAUSEA, 0.8)], []]

    def score(of: Document, drugs: Any, events: Any) -> list[ScoredPair]:
        return [ScoredPair(drug, event, 0.7) for drug in drugs for event in events]

    first, second = read_documents([NOTE, OTHER], find, one_by_one(score))
    assert first.mentions == [TypedSpan(DRUG, ZOCOR), TypedSpan(ADE, NAUSEA)]
    assert [pair.spans for pair in first.end_to_end] == [(ZOCOR, NAUSEA)]
    assert len(first.on_gold) == 4
    assert (second.mentions, second.on_gold, second.end_to_end) == ([], [], [])


def test_a_missing_model_finds_nothing() -> None:
    (reading,) = read_documents([NOTE], None, None)
    assert reading == Reading(NOTE, [], [], [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "always_yes",
            {("Zocor", "rash"), ("aspirin", "rash"), ("Zocor", "nausea"), ("aspirin", "nausea")},
        ),
        ("same_sentence", {("Zocor", "rash"), ("aspirin", "rash")}),
        ("nearest_drug", {("aspirin", "rash"), ("aspirin", "nausea")}),
    ],
)
def test_trivial_scorers(name: str, expected: set[tuple[str, str]]) -> None:
    (pairs,) = BASELINES[name]([candidates(NOTE, NOTE.spans())])
    assert names(NOTE, pairs) == expected


def test_both_classes_count_over_the_same_candidates() -> None:
    assert len(gold_candidates(NOTE)) == 4
    related, unrelated = both_classes(NOTE, {(ZOCOR, RASH), (ASPIRIN, RASH)})
    assert (related.true_positives, related.predicted, related.gold) == (1, 2, 1)
    assert (unrelated.true_positives, unrelated.predicted, unrelated.gold) == (2, 2, 3)


def test_a_pair_is_right_if_both_spans_overlap_those_of_one_gold_pair() -> None:
    gold = {(ZOCOR, RASH)}
    assert overlapping(gold, {(ZOCOR, Span(RASH.start - 2, RASH.end))}) == Score(1, 1, 1, 1)
    assert overlapping(gold, {(ZOCOR, NAUSEA), (ASPIRIN, RASH)}) == Score(0, 2, 1, 0)
    # Two predictions of one gold pair are both right, and it is found once.
    assert overlapping(gold, {(ZOCOR, RASH), (ZOCOR, Span(23, 26))}) == Score(2, 2, 1, 1)


def test_by_name_any_mention_of_a_wording_will_do() -> None:
    note = document("[Zocor] gave {rash}. On [zocor] again.", (("T1", "T2"),))
    first, rash, second = (mention.span for mention in note.mentions)
    assert by_name(note, {(first, rash)}, {(second, rash)}) == Score(1, 1, 1)


def reading(pairs: list[ScoredPair], mentions: list[TypedSpan] | None = None) -> Reading:
    found = NOTE.spans() if mentions is None else mentions
    return Reading(NOTE, found, pairs, pairs)


def test_the_report_of_two_documents() -> None:
    pairs = [ScoredPair(ZOCOR, RASH, 0.9), ScoredPair(ASPIRIN, RASH, 0.6)]
    false_alarm = ScoredPair(Span(0, 5), Span(10, 14), 0.8)
    other = Reading(OTHER, [TypedSpan(DRUG, Span(0, 5))], [], [false_alarm])
    figures: dict[str, Any] = report([reading(pairs), other], threshold=0.5, baselines=True)
    assert figures["documents"] == 2
    assert figures["ner_strict"]["micro_f1"] == 1.0
    # Drawn without the first document, events have no F1 to speak of; over both types it is 1.
    assert figures["ner_strict"]["micro_f1_interval"] == [1.0, 1.0]
    gold = figures["relations_on_gold_mentions"]
    assert (gold["precision"], gold["recall"]) == (0.5, 1.0)
    assert figures["end_to_end_strict"]["precision"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["documents_without_relation"] == {
        "documents": 1,
        "with_a_false_relation": 1,
        "share": 1.0,
    }
    both = figures["relations_on_gold_mentions_both_classes"]
    assert both["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2, abs=1e-4)
    assert set(figures["baselines"]) == {"always_yes", "same_sentence", "nearest_drug"}
    assert figures["calibration"]["pairs"] == 2
    # One of three is right: ZOCOR 0.9 is, 0.6 and 0.8 are not.
    assert figures["calibration_end_to_end"]["pairs"] == 3
    assert figures["calibration_end_to_end"]["expected_calibration_error"] == 0.5


def test_types_that_are_not_annotated_are_not_scored() -> None:
    silent = Document("x", "x", "test", "Aspirin rash", (Span(0, 12),), complete=frozenset({DRUG}))
    found = [TypedSpan(ADE, Span(8, 12)), TypedSpan(DRUG, Span(0, 7))]
    figures: dict[str, Any] = report([Reading(silent, found, [], [])], threshold=0.5)
    assert set(figures["ner_strict"]["per_type"]) == {"DRUG"}
    assert mention_errors(Reading(silent, found, [], [])) == [("DRUG", "spurious")]


def test_a_report_of_nothing_has_no_figures_that_break() -> None:
    figures: dict[str, Any] = report([], threshold=0.5, baselines=True)
    assert figures["documents"] == 0
    assert figures["end_to_end_strict"]["f1_interval"] == [0.0, 0.0]


def test_errors_of_mentions_by_kind() -> None:
    found = [
        TypedSpan(DRUG, ZOCOR),
        TypedSpan(DRUG, Span(ASPIRIN.start, ASPIRIN.end - 2)),
        TypedSpan(DRUG, RASH),
        TypedSpan(ADE, Span(28, 33)),
    ]
    assert sorted(mention_errors(reading([], found))) == [
        ("ADE", "missed"),
        ("ADE", "spurious"),
        ("DRUG", "boundary"),
        ("DRUG", "type"),
    ]


def test_errors_of_relations_by_cause() -> None:
    def causes(pairs: list[ScoredPair], mentions: list[TypedSpan] | None = None) -> list[str]:
        return [cause.name for _, cause in pair_errors(reading(pairs, mentions), 0.5)]

    assert causes([ScoredPair(ZOCOR, RASH, 0.9)]) == []
    assert causes([ScoredPair(ZOCOR, RASH, 0.4)]) == ["BELOW"]
    assert causes([]) == ["NOT_ASKED"]
    assert causes([], [TypedSpan(ADE, RASH)]) == ["NO_DRUG"]
    assert causes([], [TypedSpan(DRUG, ZOCOR)]) == ["NO_EVENT"]
    right = ScoredPair(ZOCOR, RASH, 0.9)
    assert causes([right, ScoredPair(ASPIRIN, RASH, 0.9)]) == ["BOTH_GOLD"]
    assert causes([right, ScoredPair(ZOCOR, Span(29, 34), 0.9)]) == ["NO_GOLD"]


def test_a_false_relation_to_a_trap_is_named_so() -> None:
    text = "Zocor for rash."
    trap = AnnotatedTrap("indication", Span(10, 14))
    note = Document("x", "x", "test", text, (Span(0, 15),), traps=(trap,))
    pair = ScoredPair(Span(0, 5), Span(10, 14), 0.9)
    ((_, cause),) = pair_errors(Reading(note, [], [], [pair]), 0.5)
    assert cause.name == "TRAP"


def test_errors_are_counted_by_distance_section_and_negation() -> None:
    note = document("ALLERGIES: none.\nPLAN: [Zocor] stopped. No {rash}.", (("T1", "T2"),))
    drug, event = (mention.span for mention in note.mentions)
    assert section(note, event) == "plan"
    assert section(note, Span(0, 4)) == "no heading"
    assert negated(note, event)
    assert not negated(note, drug)
    figures: dict[str, Any] = error_report(
        [Reading(note, note.spans(), [], [ScoredPair(drug, event, 0.1)])], threshold=0.5
    )
    counted = {"gold": 1, "missed": 1, "false": 0}
    assert figures["relations"] == {
        "causes": {"missed: below the threshold": 1},
        "by_sentences": {"2": counted},
        "by_section": {"plan": counted},
        "by_negation": {"negation in the sentence": counted},
    }
