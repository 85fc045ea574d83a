"""How much a head and the clues of the rules count for each status; written by
`python -m training statuses --write`, anew whenever rules or relation model change.

Fitted with relation/7 on 1,997 relations that it never learned.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.core.contracts import Assertion


def _by_status(*weights: float) -> Mapping[Assertion, float]:
    return dict(zip(Assertion, weights, strict=True))


BIAS = _by_status(-0.15, 0.02, 0.24, 0.08, 0.02, -0.21)

HEAD = {
    Assertion.AFFIRMED: _by_status(0.38, 0.23, 0.09, -0.03, -0.06, 0.09),
    Assertion.HISTORICAL: _by_status(0.13, 0.51, 0.05, -0.00, 0.00, 0.02),
    Assertion.UNCERTAIN: _by_status(0.21, -0.06, 0.57, 0.44, 0.25, -0.71),
    Assertion.NEGATED: _by_status(-0.03, -0.12, -0.10, 0.61, -0.01, 0.35),
    Assertion.HYPOTHETICAL: _by_status(-0.04, 0.02, 0.06, -0.19, 0.53, 0.32),
    Assertion.FAMILY: _by_status(-0.06, 0.07, -0.06, -0.10, -0.06, 0.91),
}

CLUES = {
    "1 sentences": _by_status(-0.37, 0.46, -0.23, 0.10, 0.08, -0.04),
    "2 sentences": _by_status(0.44, 0.53, -0.06, -0.37, -0.40, -0.14),
    "3 sentences": _by_status(0.33, -0.49, 0.04, 0.30, -0.16, -0.02),
    "4 sentences": _by_status(-0.54, -0.49, 0.50, 0.04, 0.51, -0.01),
    "affirmed by nothing": _by_status(0.42, -0.49, 0.46, -0.26, 0.11, -0.24),
    "affirmed by phrase": _by_status(0.73, 0.29, 0.12, 0.12, -1.24, -0.03),
    "drug first": _by_status(-0.18, 0.41, -0.05, -0.20, 0.24, -0.22),
    "event first": _by_status(0.04, -0.39, 0.29, 0.28, -0.21, 0.00),
    "family by heading": _by_status(-0.03, -0.13, -0.07, -0.02, -0.02, 0.27),
    "family by phrase": _by_status(-0.30, -0.10, 0.21, 0.13, -0.39, 0.45),
    "heading None": _by_status(0.74, -0.33, 0.35, -0.03, -0.06, -0.67),
    "heading family": _by_status(-0.03, -0.13, -0.07, -0.02, -0.02, 0.27),
    "heading historical": _by_status(-0.65, 0.62, -0.10, 0.20, -0.29, 0.23),
    "heading hypothetical": _by_status(-0.21, -0.15, 0.07, -0.07, 0.40, -0.04),
    "historical by heading": _by_status(0.33, 0.59, -0.63, 0.09, -0.37, -0.02),
    "historical by phrase": _by_status(-0.02, 0.56, 0.00, -0.12, -0.05, -0.37),
    "hypothetical by phrase": _by_status(-0.77, -0.20, 0.14, -0.00, 0.98, -0.15),
    "negated by phrase": _by_status(-0.10, -0.07, -0.40, 0.55, 0.12, -0.11),
    "says affirmed": _by_status(0.11, 0.21, -0.31, -0.50, 0.54, -0.05),
    "says family": _by_status(-0.33, -0.23, 0.14, 0.10, -0.41, 0.72),
    "says historical": _by_status(-0.44, 0.77, -0.11, 0.28, -0.49, -0.01),
    "says hypothetical": _by_status(-0.01, -0.12, -0.15, -0.51, 0.89, -0.10),
    "says negated": _by_status(-0.22, -0.06, -0.52, 0.82, 0.10, -0.13),
    "says nothing": _by_status(0.33, 0.26, -0.13, -0.16, -0.06, -0.25),
    "says uncertain": _by_status(-0.26, -0.63, 0.74, 0.40, -0.40, 0.16),
    "topic None": _by_status(0.24, -0.04, 0.11, 0.18, 0.19, -0.68),
    "topic family": _by_status(-0.01, -0.03, -0.04, -0.01, -0.01, 0.11),
    "topic historical": _by_status(-0.33, 0.16, 0.14, -0.05, -0.32, 0.40),
    "topic hypothetical": _by_status(-0.04, -0.06, 0.03, -0.04, 0.16, -0.04),
    "uncertain by phrase": _by_status(-0.35, -0.40, 0.47, -0.41, 0.72, -0.03),
}
