"""Rules and learned probabilities together."""

from __future__ import annotations

from itertools import product

import pytest

from services.core.assertion import Basis, RuledAssertion, assert_relation
from services.core.assertion_combined import SHIPPED, StatusWeights, combine
from services.core.contracts import Assertion
from services.core.sentences import split_sentences
from services.core.spans import Span


def ruled(text: str, drug: str, event: str) -> RuledAssertion:
    spans = [Span(text.index(one), text.index(one) + len(one)) for one in (drug, event)]
    return assert_relation(text, split_sentences(text), spans[0], spans[1])


DENIED = ruled("He had no rash on amoxicillin.", "amoxicillin", "rash")
SILENT = ruled("Rash on amoxicillin.", "amoxicillin", "Rash")


@pytest.mark.parametrize("status", Assertion)
def test_without_a_learned_head_the_rules_decide(status: Assertion) -> None:
    assert combine(RuledAssertion(status, Basis.PHRASE), None) is status


def test_a_phrase_outweighs_a_head_that_is_not_sure() -> None:
    learned = {Assertion.AFFIRMED: 0.55, Assertion.NEGATED: 0.45}
    assert combine(DENIED, learned) is Assertion.NEGATED


def test_a_heading_that_the_head_cannot_see_counts() -> None:
    learned = {Assertion.AFFIRMED: 0.9, Assertion.HISTORICAL: 0.1}
    listed = ruled("ALLERGIES:\nAmoxicillin causes itching.", "Amoxicillin", "itching")
    assert combine(SILENT, learned) is Assertion.AFFIRMED
    assert combine(listed, learned) is Assertion.HISTORICAL


def test_silent_rules_leave_the_decision_to_a_sure_head() -> None:
    learned = {Assertion.AFFIRMED: 0.02, Assertion.HYPOTHETICAL: 0.98}
    assert combine(SILENT, learned) is Assertion.HYPOTHETICAL


def test_every_clue_counts_by_its_weight() -> None:
    nothing = dict.fromkeys(Assertion, 0.0)
    weights = StatusWeights(
        bias={**nothing, Assertion.AFFIRMED: 1.0},
        head={Assertion.NEGATED: {**nothing, Assertion.NEGATED: 1.0}},
        clues={"one": {Assertion.FAMILY: 0.8}, "two": {Assertion.FAMILY: 0.8}},
    )
    certain = {Assertion.NEGATED: 1.0}

    def combined(*clues: str) -> Assertion:
        rule = RuledAssertion(Assertion.AFFIRMED, Basis.NOTHING, frozenset(clues))
        return combine(rule, certain, weights)

    assert combined() is Assertion.AFFIRMED
    assert combined("one", "unheard of") is Assertion.AFFIRMED
    assert combined("one", "two") is Assertion.FAMILY


def test_the_shipped_weights_know_every_status() -> None:
    assert set(SHIPPED.bias) == set(SHIPPED.head) == set(Assertion)
    assert all(
        set(row) == set(Assertion) for row in (*SHIPPED.head.values(), *SHIPPED.clues.values())
    )


def test_the_shipped_weights_know_only_clues_that_rules_give() -> None:
    bases = {f"{status} by {basis}" for status, basis in product(Assertion, Basis)}
    said = {f"says {one}" for one in (*Assertion, "nothing")}
    around = {f"{where} {one}" for where in ("heading", "topic") for one in (*Assertion, None)}
    places = {"drug first", "event first", *(f"{count} sentences" for count in range(1, 5))}
    assert set(SHIPPED.clues) <= bases | said | around | places
