"""Versions of the two models, and the history of which pair of them served.

A publication, a rollback and a candidate beside the serving pair are entries of one list. What
serves now, what a rollback goes back to and what runs as a shadow follow from that list alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MODELS = ("ner", "relation")


@dataclass(frozen=True, slots=True)
class VersionPair:
    """A version of `ner` and one of `relation` that read notes together."""

    ner: str
    relation: str

    def of(self, model: str) -> str:
        """The version of one of `MODELS`."""
        return self.ner if model == "ner" else self.relation

    def __str__(self) -> str:
        return f"ner {self.ner} + relation {self.relation}"


class Action(StrEnum):
    """What an entry of the history did."""

    PUBLISH = "publish"
    ROLLBACK = "rollback"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One entry of the history.

    Attributes:
        sequence: 1, 2, 3 … without gaps.
        action: `publish` and `rollback` change what serves, `shadow` does not.
        pair: what the action is about.
        replaced: what served before.
        at: when.
        by: who.
        reason: why, in words of that person.
        metrics: figures of the gate by name ("ade.candidate_f1").
        sha256: of the files by path in the repository ("ner/2/model.onnx").
    """

    sequence: int
    action: Action
    pair: VersionPair
    replaced: VersionPair
    at: datetime
    by: str
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)


def serving(history: Sequence[Publication]) -> VersionPair | None:
    """What the last change left serving; None if nothing was ever published."""
    changes = [entry for entry in history if entry.action is not Action.SHADOW]
    return changes[-1].pair if changes else None


def served_before(history: Sequence[Publication]) -> list[VersionPair]:
    """What rollbacks go back to, the next one first: a rollback undoes one publication."""
    stack: list[VersionPair] = []
    for entry in history:
        if entry.action is Action.PUBLISH and entry.pair != entry.replaced:
            stack.append(entry.replaced)
        elif entry.action is Action.ROLLBACK and stack:
            stack.pop()
    return stack[::-1]


def shadow(history: Sequence[Publication]) -> VersionPair | None:
    """The candidate that runs beside the serving pair: until the next change of what serves.

    A pair beside itself is none: that is how a shadow is stopped.
    """
    if history and history[-1].action is Action.SHADOW:
        last = history[-1]
        return last.pair if last.pair != last.replaced else None
    return None
