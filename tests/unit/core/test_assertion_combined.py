"""Rules and learned probabilities together."""

from __future__ import annotations

import json
import math
from itertools import product
from typing import Any

import pytest

from services.core.assertion import Basis, RuledAssertion, assert_relation
from services.core.assertion_combined import (
    HEAD_ALONE,
    StatusWeights,
    combine,
    read_status_weights,
    status_weights_entry,
)
from services.core.assertion_rules import VERSION
from services.core.contracts import Assertion
from services.core.sentences import split_sentences
from services.core.spans import Span
from tests.samples.models import shipped


def ruled(text: str, drug: str, event: str) -> RuledAssertion:
    spans = [Span(text.index(one), text.index(one) + len(one)) for one in (drug, event)]
    return assert_relation(text, split_sentences(text), spans[0], spans[1])


SHIPPED = read_status_weights(
    json.loads((shipped("relation") / "card.json").read_text(encoding="utf-8"))
)
DENIED = ruled("He had no rash on amoxicillin.", "amoxicillin", "rash")
SILENT = ruled("Rash on amoxicillin.", "amoxicillin", "Rash")


@pytest.mark.parametrize("status", Assertion)
def test_without_a_learned_head_the_rules_decide(status: Assertion) -> None:
    assert combine(RuledAssertion(status, Basis.PHRASE), None) is status


def test_a_phrase_outweighs_a_head_that_is_not_sure() -> None:
    learned = {Assertion.AFFIRMED: 0.55, Assertion.NEGATED: 0.45}
    assert combine(DENIED, learned, SHIPPED) is Assertion.NEGATED


def test_a_heading_that_the_head_cannot_see_counts() -> None:
    learned = {Assertion.AFFIRMED: 0.9, Assertion.HISTORICAL: 0.1}
    listed = ruled("ALLERGIES:\nAmoxicillin causes itching.", "Amoxicillin", "itching")
    assert combine(SILENT, learned, SHIPPED) is Assertion.AFFIRMED
    assert combine(listed, learned, SHIPPED) is Assertion.HISTORICAL


def test_silent_rules_leave_the_decision_to_a_sure_head() -> None:
    learned = {Assertion.AFFIRMED: 0.02, Assertion.HYPOTHETICAL: 0.98}
    assert combine(SILENT, learned, SHIPPED) is Assertion.HYPOTHETICAL


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


def test_a_head_for_which_nothing_was_fitted_decides_alone() -> None:
    learned = {Assertion.AFFIRMED: 0.3, Assertion.NEGATED: 0.29}
    assert read_status_weights({}) is HEAD_ALONE
    assert combine(DENIED, learned) is Assertion.AFFIRMED


def test_a_card_keeps_weights_to_two_digits() -> None:
    weights = StatusWeights(
        bias=dict.fromkeys(Assertion, 0.123),
        head={one: dict.fromkeys(Assertion, -0.456) for one in Assertion},
        clues={"drug first": dict.fromkeys(Assertion, 1.789)},
        rules="context-9",
        relations=12,
    )
    card = json.loads(json.dumps({"status_weights": status_weights_entry(weights)}))
    assert read_status_weights(card) == StatusWeights(
        bias=dict.fromkeys(Assertion, 0.12),
        head={one: dict.fromkeys(Assertion, -0.46) for one in Assertion},
        clues={"drug first": dict.fromkeys(Assertion, 1.79)},
        rules="context-9",
        relations=12,
    )


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("bias", [0.0]),
        ("bias", [math.nan] * 6),
        ("bias", [None] * 6),
        ("statuses", ["affirmed", "doubted", "negated", "family", "historical", "uncertain"]),
        ("statuses", []),
        ("statuses", [*[one.value for one in Assertion][:5], "affirmed"]),
        ("head", {"doubted": [0.0] * 6}),
        ("head", {}),
        ("relations", math.inf),
        ("rules", None),
        ("clues", None),
    ],
)
def test_weights_that_cannot_be_read_are_refused(part: str, value: Any) -> None:
    card = {"status_weights": {**status_weights_entry(HEAD_ALONE), part: value}}
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_status_weights(card)


def test_the_shipped_weights_were_fitted_with_the_rules_that_serve() -> None:
    assert SHIPPED.rules == VERSION
    assert SHIPPED.relations > 500


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
