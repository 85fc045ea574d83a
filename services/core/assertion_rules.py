"""All rules of assertion, in order; `services.core.assertion` reads them.

The phrases are in `services.core.phrases`, by what they say; what a rule is says
`services.core.phrases.context`.
"""

from __future__ import annotations

from services.core.contracts import Assertion
from services.core.phrases.cautions import CAUTIONS
from services.core.phrases.context import Direction, Rule, Target
from services.core.phrases.denials import DENIALS
from services.core.phrases.doubts import DOUBTS
from services.core.phrases.limits import LIMITS
from services.core.phrases.others import OTHERS
from services.core.phrases.past import PAST
from services.core.phrases.risks import RISKS

__all__ = ["PRECEDENCE", "RULES", "VERSION", "Direction", "Rule", "Target"]

VERSION = "context-3"
"""Changes whenever any text could be read otherwise, by a phrase, a heading or a topic: extractions
carry it, and so does the card of a relation model, whose weights were fitted with these rules."""

RULES: tuple[Rule, ...] = (*LIMITS, *DENIALS, *RISKS, *CAUTIONS, *DOUBTS, *PAST, *OTHERS)
"""A phrase that lies within a longer one does not count."""

PRECEDENCE: tuple[Assertion, ...] = (
    Assertion.FAMILY,
    Assertion.NEGATED,
    Assertion.HYPOTHETICAL,
    Assertion.UNCERTAIN,
    Assertion.HISTORICAL,
    Assertion.AFFIRMED,
)
"""Of several things said the first holds: whose it was, whether it was, whether it only may be,
whether one knows, when it was. A mistake in this order keeps a pair out of the counts rather than
letting in one that the note does not assert."""
