"""Groups above concepts: ingredients and classes of drugs, higher terms and queries of events."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from enum import StrEnum
from functools import cache

from services.core.contracts import MentionType
from services.core.vocabulary.lexicon import JOINED, Concept, Lexicon

BROAD = "SMQ broad"
"""Level of the queries that have a term in their broad search only; the others are `Level.SMQ`."""

Grouping = Callable[[str], AbstractSet[str]]
"""From a concept to its groups, none if it has none."""


class Level(StrEnum):
    """By what the concepts of pairs can be grouped."""

    INGREDIENT = "ingredient"
    CLASS = "class"
    HLT = "HLT"
    HLGT = "HLGT"
    SOC = "SOC"
    SMQ = "SMQ"

    @property
    def type(self) -> MentionType:
        """Whose groups these are."""
        drugs = (Level.INGREDIENT, Level.CLASS)
        return MentionType.DRUG if self in drugs else MentionType.ADE


def secondary(level: Level) -> str:
    """The level of the groups that a term of MedDRA is in by its secondary paths alone."""
    return f"{level.value} secondary"


def itself(concept: str) -> AbstractSet[str]:
    """The grouping that groups nothing."""
    return {concept}


class Groups:
    """The groups of a lexicon, by the names that pairs have.

    Args:
        lexicon: under whose concepts cases are counted.
        broad: whether queries are searched broadly, narrow terms included.
        all_paths: whether a term of MedDRA is in the groups of its secondary paths too.
    """

    def __init__(self, lexicon: Lexicon, *, broad: bool = False, all_paths: bool = False) -> None:
        self._broad, self._all_paths = broad, all_paths
        self._concepts = {
            kind: {concept.name: concept for concept in lexicon.concepts(kind)}
            for kind in MentionType
        }

    def known(self, level: Level) -> bool:
        """Whether any concept has a group of that level."""
        if level is Level.INGREDIENT:
            return True  # a drug without a combination is its own
        return any(self._above(one, level) for one in self._concepts[level.type].values())

    def by(self, level: Level) -> Grouping:
        """From a concept to its groups of a level."""
        if level is Level.INGREDIENT:
            return cache(self._ingredients)
        if level is Level.CLASS:
            return cache(self._classes)
        events = self._concepts[MentionType.ADE]
        return cache(lambda name: self._above(events.get(name), level))

    def _ingredients(self, name: str) -> frozenset[str]:
        """What a vocabulary says, else the parts of the name of a combination."""
        concept = self._concepts[MentionType.DRUG].get(name)
        return self._above(concept, Level.INGREDIENT) or frozenset(name.split(JOINED))

    def _classes(self, name: str) -> frozenset[str]:
        drugs = self._concepts[MentionType.DRUG]
        return frozenset().union(
            *(self._above(drugs.get(one), Level.CLASS) for one in (name, *self._ingredients(name)))
        )

    def _above(self, concept: Concept | None, level: Level) -> frozenset[str]:
        if concept is None:
            return frozenset()
        levels = {level.value}
        if level is Level.SMQ and self._broad:
            levels.add(BROAD)
        if self._all_paths:
            levels.add(secondary(level))
        return frozenset(group for of_level, group in concept.broader if of_level in levels)
