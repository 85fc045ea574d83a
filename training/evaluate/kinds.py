"""Which corpora choose, measure and calibrate, and the kinds of text they stand for."""

from __future__ import annotations

from collections.abc import Mapping

from training.corpora.documents import Document
from training.train.splits import Parts

MEASURED = ("ade", "clinical", "adewatch")
"""Corpora whose annotation fits both models; the figures of a card come from their test part."""

CHOSEN_ON = (*MEASURED, "dictations")
"""Corpora whose development part, fully annotated, says whether int8 is good enough."""

REPORTED = (*CHOSEN_ON, "visits")
"""Corpora whose test part the page of `report` is about, as far as they are there."""

KINDS = {
    "literature": ("ade",),
    "notes written for this": ("adewatch",),
    "notes of others": ("clinical", "dictations", "visits"),
}
"""Kinds of text, and the corpora whose development parts stand for each. The threshold is the one
of greatest mean F1 of the kinds; corpora of one kind are small and are measured as one."""

CALIBRATED_ON = tuple(name for names in KINDS.values() for name in names)
"""Corpora whose development part fits the confidence and chooses the threshold."""


def by_kind(parts: Mapping[str, Parts]) -> dict[str, list[Document]]:
    """The development documents of `CALIBRATED_ON` by kind of text."""
    return {
        kind: [one for name in names for one in parts[name].dev] for kind, names in KINDS.items()
    }
