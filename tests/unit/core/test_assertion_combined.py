"""Rules and learned probabilities together."""

from __future__ import annotations

import pytest

from services.core.assertion import Basis, RuledAssertion
from services.core.assertion_combined import combine, likelihood
from services.core.contracts import Assertion

DENIED = RuledAssertion(Assertion.NEGATED, Basis.PHRASE)
SILENT = RuledAssertion(Assertion.AFFIRMED, Basis.NOTHING)


@pytest.mark.parametrize("status", Assertion)
def test_without_a_learned_head_the_rules_decide(status: Assertion) -> None:
    assert combine(RuledAssertion(status, Basis.PHRASE), None) is status


def test_a_phrase_outweighs_a_head_that_is_not_sure() -> None:
    learned = {Assertion.AFFIRMED: 0.55, Assertion.NEGATED: 0.45}
    assert combine(DENIED, learned) is Assertion.NEGATED


def test_silent_rules_leave_the_decision_to_a_sure_head() -> None:
    learned = {Assertion.AFFIRMED: 0.02, Assertion.HYPOTHETICAL: 0.98}
    assert combine(SILENT, learned) is Assertion.HYPOTHETICAL


@pytest.mark.parametrize("status", Assertion)
def test_what_the_rules_may_read_is_a_distribution(status: Assertion) -> None:
    every = [RuledAssertion(read, basis) for read in Assertion for basis in Basis]
    assert sum(likelihood(rule, status) for rule in every) == pytest.approx(1.0)
