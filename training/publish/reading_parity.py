"""How far two readings of the same notes are apart, in probabilities and in what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.core.contracts import Extraction

MOST_APART = 0.05
"""Of a probability: other kernels (another ONNX Runtime, a GPU) round int8 otherwise."""

MOST_ONE_SIDED = 0.02
"""Of what was found: something near a threshold may fall on either side of it."""

Found = tuple[str | int, ...]
"""The type and the places of a mention or a relation."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What differs.

    Attributes:
        found: mentions and relations in either reading.
        one_sided: of them those in one reading only.
        greatest: difference of probability among the others.
    """

    found: int
    one_sided: int
    greatest: float

    @property
    def problem(self) -> str:
        """What is wrong, in one line without text; empty if nothing is."""
        if not self.found:
            return "nothing was found in any note"
        if self.one_sided > MOST_ONE_SIDED * self.found:
            return f"{self.one_sided} of {self.found} mentions and relations are in one reading"
        if self.greatest > MOST_APART:
            return f"probabilities differ by up to {self.greatest:.3f}"
        return ""


def parity(one: Sequence[Extraction], other: Sequence[Extraction]) -> Parity:
    """Compare two readings, note by note.

    Args:
        one: extractions; `other` likewise, of the same notes in the same order.
    """
    found, one_sided, greatest = 0, 0, 0.0
    for first, second in zip(one, other, strict=True):
        left, right = _probabilities(first), _probabilities(second)
        both = left.keys() & right.keys()
        found += len(left.keys() | right.keys())
        one_sided += len(left.keys() ^ right.keys())
        greatest = max([greatest, *(abs(left[item] - right[item]) for item in both)])
    return Parity(found, one_sided, greatest)


def _probabilities(extraction: Extraction) -> dict[Found, float]:
    places = {mention.mention_id: (mention.start, mention.end) for mention in extraction.mentions}
    found: dict[Found, float] = {
        (mention.type.value, mention.start, mention.end): mention.probability
        for mention in extraction.mentions
    }
    for relation in extraction.relations:
        item = ("relation", *places[relation.drug_id], *places[relation.event_id])
        found[item] = relation.probability
    return found
