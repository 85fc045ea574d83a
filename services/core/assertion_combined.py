"""Rules and the learned head together.

The rules are read as a witness whose habits are known: `HABITS` counts, per gold status, what they
read, apart for phrases, headings and silence. By Bayes the learned probabilities are multiplied by
how often the rules say what they said when a status is true, to the power `RULE_WEIGHT`. A strong
phrase moves the outcome far, silence hardly.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.core.assertion import Basis, RuledAssertion
from services.core.assertion_habits import HABITS, RULE_WEIGHT
from services.core.contracts import Assertion

_SMOOTHING = 1.0
_FLOOR = 1e-6


def combine(rule: RuledAssertion, learned: Mapping[Assertion, float] | None) -> Assertion:
    """The assertion of a relation.

    Args:
        rule: what the rules read.
        learned: a probability per status from the relation model; None where the model has no
            such head.

    Returns:
        The rules' status without a learned head; else the most probable one given both.
    """
    if learned is None:
        return rule.status
    return max(Assertion, key=lambda status: _score(rule, learned, status))


def _score(rule: RuledAssertion, learned: Mapping[Assertion, float], status: Assertion) -> float:
    weighed: float = likelihood(rule, status) ** RULE_WEIGHT
    return max(learned.get(status, 0.0), _FLOOR) * weighed


def likelihood(rule: RuledAssertion, status: Assertion) -> float:
    """How often the rules read this where the gold status is `status`."""
    seen = HABITS[status]
    outcomes = len(Assertion) * len(Basis)
    total = sum(seen.values()) + _SMOOTHING * outcomes
    return (seen.get((rule.status, rule.basis), 0) + _SMOOTHING) / total
