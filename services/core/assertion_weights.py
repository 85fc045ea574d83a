"""How much a head and the clues of the rules count for each status; written by
`python -m training statuses --write`, anew whenever rules or relation model change.

Fitted with relation/6 on 1,997 relations that it never learned.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.core.contracts import Assertion


def _by_status(*weights: float) -> Mapping[Assertion, float]:
    return dict(zip(Assertion, weights, strict=True))


BIAS = _by_status(-0.17, 0.01, 0.22, 0.04, 0.10, -0.21)

HEAD = {
    Assertion.AFFIRMED: _by_status(0.38, 0.24, 0.09, -0.02, -0.07, 0.09),
    Assertion.HISTORICAL: _by_status(0.13, 0.50, 0.05, -0.01, 0.01, 0.01),
    Assertion.UNCERTAIN: _by_status(0.21, -0.05, 0.57, 0.44, 0.25, -0.71),
    Assertion.NEGATED: _by_status(-0.03, -0.12, -0.10, 0.62, -0.02, 0.35),
    Assertion.HYPOTHETICAL: _by_status(-0.04, 0.02, 0.06, -0.20, 0.53, 0.33),
    Assertion.FAMILY: _by_status(-0.06, 0.06, -0.06, -0.09, -0.04, 0.90),
}

CLUES = {
    "1 sentences": _by_status(-0.36, 0.46, -0.23, 0.08, 0.09, -0.04),
    "2 sentences": _by_status(0.45, 0.54, -0.06, -0.36, -0.44, -0.14),
    "3 sentences": _by_status(0.30, -0.49, 0.02, 0.28, -0.09, -0.02),
    "4 sentences": _by_status(-0.56, -0.50, 0.48, 0.04, 0.55, -0.01),
    "affirmed by nothing": _by_status(0.48, -0.43, 0.57, -0.19, -0.19, -0.24),
    "affirmed by phrase": _by_status(0.69, 0.32, 0.13, 0.16, -1.27, -0.03),
    "drug first": _by_status(-0.20, 0.40, -0.06, -0.22, 0.29, -0.22),
    "event first": _by_status(0.03, -0.40, 0.28, 0.26, -0.19, 0.01),
    "family by heading": _by_status(-0.03, -0.12, -0.07, -0.02, -0.02, 0.27),
    "family by phrase": _by_status(-0.30, -0.09, 0.22, 0.14, -0.43, 0.45),
    "heading None": _by_status(0.68, -0.37, 0.27, -0.06, 0.14, -0.67),
    "heading family": _by_status(-0.03, -0.12, -0.07, -0.02, -0.02, 0.27),
    "heading historical": _by_status(-0.67, 0.62, -0.11, 0.20, -0.28, 0.23),
    "heading hypothetical": _by_status(-0.15, -0.13, 0.13, -0.08, 0.26, -0.03),
    "historical by heading": _by_status(0.33, 0.59, -0.59, 0.09, -0.40, -0.02),
    "historical by phrase": _by_status(-0.04, 0.58, 0.01, -0.08, -0.10, -0.37),
    "hypothetical by phrase": _by_status(-0.56, -0.37, 0.20, -0.29, 1.16, -0.14),
    "negated by phrase": _by_status(-0.16, -0.04, -0.40, 0.62, 0.09, -0.11),
    "says affirmed": _by_status(0.14, 0.23, -0.31, -0.50, 0.50, -0.05),
    "says family": _by_status(-0.33, -0.21, 0.14, 0.12, -0.45, 0.73),
    "says historical": _by_status(-0.45, 0.82, -0.13, 0.28, -0.52, -0.01),
    "says hypothetical": _by_status(-0.25, 0.04, -0.23, -0.20, 0.77, -0.13),
    "says negated": _by_status(-0.26, -0.06, -0.51, 0.89, 0.06, -0.11),
    "says nothing": _by_status(0.29, 0.28, -0.20, -0.10, -0.02, -0.26),
    "says uncertain": _by_status(-0.26, -0.63, 0.83, 0.45, -0.55, 0.16),
    "topic None": _by_status(0.34, -0.03, 0.23, 0.18, -0.04, -0.68),
    "topic family": _by_status(-0.01, -0.03, -0.03, -0.01, -0.01, 0.10),
    "topic historical": _by_status(-0.28, 0.16, 0.20, -0.07, -0.41, 0.40),
    "topic hypothetical": _by_status(-0.22, -0.09, -0.17, -0.05, 0.57, -0.03),
    "uncertain by phrase": _by_status(-0.38, -0.39, 0.42, -0.36, 0.74, -0.03),
}
