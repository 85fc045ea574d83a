"""What a mention is counted under, when its note says what it means and when not."""

from __future__ import annotations

from services.core.contracts import MentionType, Named
from services.core.ports import Vocabulary

PART = 0.85
"""A coding with a lower score rests on a part of the name, or on a likeness."""


def named(vocabulary: Vocabulary, mention_type: MentionType, text: str, expansion: str) -> Named:
    """The name of a mention.

    What the note says an abbreviation means goes before what it usually means, unless the
    vocabulary knows at most a part of the former and exactly the latter: "AZT" stays zidovudine
    where its note only adds a formula that nobody has, and "MS" is no morphine sulfate where its
    note says "multiple sclerosis (MS)".

    Args:
        vocabulary: names surfaces.
        mention_type: of the mention.
        text: the mention as the note has it.
        expansion: what the note says it means; "" if nothing.
    """
    if not expansion:
        return vocabulary.name(mention_type, text)
    meant = vocabulary.name(mention_type, expansion)
    if meant.coding is not None and meant.coding.score >= PART:
        return meant
    usual = vocabulary.name(mention_type, text)
    if usual.coding is None or usual.coding.score < 1.0:
        return meant
    others = (kind for kind in MentionType if kind is not mention_type)
    return meant if any(_knows(vocabulary, kind, expansion) for kind in others) else usual


def _knows(vocabulary: Vocabulary, mention_type: MentionType, surface: str) -> bool:
    coding = vocabulary.name(mention_type, surface).coding
    return coding is not None and coding.score >= PART
