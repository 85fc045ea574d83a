"""How the rules of assertion read relations whose status is known, as counts.

From the development parts of our own notes and of the clinical notes; made by
`python -m tests.benchmarks.assertion_quality --habits`, anew whenever the rules change.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.core.assertion import Basis
from services.core.contracts import Assertion

RULE_WEIGHT = 1.0
"""How much the rules count against the learned head; 1 is what Bayes says of a witness who errs
independently. Of 0.5, 0.75, 1 and 1.5 it read the development parts best with version 3."""

HABITS: Mapping[Assertion, Mapping[tuple[Assertion, Basis], int]] = {
    Assertion.AFFIRMED: {
        (Assertion.AFFIRMED, Basis.NOTHING): 889,
        (Assertion.AFFIRMED, Basis.PHRASE): 33,
        (Assertion.FAMILY, Basis.PHRASE): 5,
        (Assertion.HISTORICAL, Basis.HEADING): 29,
        (Assertion.HISTORICAL, Basis.PHRASE): 30,
        (Assertion.HYPOTHETICAL, Basis.HEADING): 4,
        (Assertion.HYPOTHETICAL, Basis.PHRASE): 23,
        (Assertion.NEGATED, Basis.PHRASE): 8,
        (Assertion.UNCERTAIN, Basis.PHRASE): 25,
    },
    Assertion.HISTORICAL: {
        (Assertion.AFFIRMED, Basis.NOTHING): 142,
        (Assertion.AFFIRMED, Basis.PHRASE): 8,
        (Assertion.FAMILY, Basis.PHRASE): 4,
        (Assertion.HISTORICAL, Basis.HEADING): 71,
        (Assertion.HISTORICAL, Basis.PHRASE): 257,
        (Assertion.HYPOTHETICAL, Basis.HEADING): 2,
        (Assertion.HYPOTHETICAL, Basis.PHRASE): 7,
        (Assertion.NEGATED, Basis.PHRASE): 7,
    },
    Assertion.UNCERTAIN: {
        (Assertion.AFFIRMED, Basis.NOTHING): 64,
        (Assertion.AFFIRMED, Basis.PHRASE): 2,
        (Assertion.FAMILY, Basis.PHRASE): 1,
        (Assertion.HISTORICAL, Basis.HEADING): 1,
        (Assertion.HISTORICAL, Basis.PHRASE): 3,
        (Assertion.HYPOTHETICAL, Basis.PHRASE): 10,
        (Assertion.NEGATED, Basis.PHRASE): 3,
        (Assertion.UNCERTAIN, Basis.PHRASE): 246,
    },
    Assertion.NEGATED: {
        (Assertion.AFFIRMED, Basis.NOTHING): 33,
        (Assertion.AFFIRMED, Basis.PHRASE): 2,
        (Assertion.FAMILY, Basis.PHRASE): 3,
        (Assertion.HISTORICAL, Basis.HEADING): 4,
        (Assertion.HISTORICAL, Basis.PHRASE): 4,
        (Assertion.HYPOTHETICAL, Basis.PHRASE): 1,
        (Assertion.NEGATED, Basis.PHRASE): 244,
        (Assertion.UNCERTAIN, Basis.PHRASE): 13,
    },
    Assertion.HYPOTHETICAL: {
        (Assertion.AFFIRMED, Basis.NOTHING): 133,
        (Assertion.AFFIRMED, Basis.PHRASE): 3,
        (Assertion.FAMILY, Basis.PHRASE): 4,
        (Assertion.HISTORICAL, Basis.HEADING): 4,
        (Assertion.HISTORICAL, Basis.PHRASE): 2,
        (Assertion.HYPOTHETICAL, Basis.HEADING): 6,
        (Assertion.HYPOTHETICAL, Basis.PHRASE): 269,
        (Assertion.NEGATED, Basis.PHRASE): 22,
        (Assertion.UNCERTAIN, Basis.PHRASE): 12,
    },
    Assertion.FAMILY: {
        (Assertion.AFFIRMED, Basis.NOTHING): 2,
        (Assertion.FAMILY, Basis.HEADING): 8,
        (Assertion.FAMILY, Basis.PHRASE): 54,
        (Assertion.UNCERTAIN, Basis.PHRASE): 2,
    },
}
"""Gold status to what the rules read, and on what basis."""
