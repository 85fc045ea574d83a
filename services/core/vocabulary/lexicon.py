"""The lexicon: from the surface of a mention to a concept of a vocabulary.

A surface is tried in this order, and the first answer holds:

    score     how it was found
    1.0       its key is a name of the concept
    0.75–0.98 a reading of it is (see `keys.variants`): salt, release form, modifier left out
    0.9       all parts of a combination are ("lisinopril/HCTZ")
    0.85      the same words in another order or form
    1 - d/n   d letters differ in n (`similarity.NearNames.misspelt`)
    cosine    most groups of three letters are the same, above a threshold

What nothing finds stays under its own normalised name, without a coding, and remains countable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from services.core import normalise
from services.core.contracts import Coding, MentionType, Named
from services.core.vocabulary import keys
from services.core.vocabulary.similarity import NearNames

ALIKE_THRESHOLD = 0.85
ALIKE_MARGIN = 0.05
MIN_SURFACE = 2
CACHE_SIZE = 100_000

_JOINTS = re.compile(r"\s*(?:/|\+|&|,|\band\b|\bplus\b|\bwith\b|-|–)\s*", re.IGNORECASE)
_STRENGTHS = re.compile(
    r"\s+\d[\d.]*(?:\s*[/–-]\s*\d[\d.]*)+\s*(?:m?c?g|µg|ml|units?|%)?\s*$", re.IGNORECASE
)
"""Of the parts of a combination, at its end: "20/12.5 mg"."""

_MAX_PARTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """What mentions are counted under.

    `name` is unique among the concepts of its type. `system`, `code` and `version` say where it
    comes from. `broader` are its groups, each with its level ("class", "HLT", "SOC", "SMQ").
    `mesh` are MeSH ids of the same concept, for comparison with MeSH.
    """

    type: MentionType
    name: str
    system: str
    code: str
    version: str
    broader: tuple[tuple[str, str], ...] = ()
    mesh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entries:
    """Concepts of one type, and the keys of their names with the number of the concept."""

    concepts: Sequence[Concept]
    names: Mapping[str, int]


_NOTHING = Entries((), {})


@dataclass
class Lexicon:
    """Finds concepts. Same answers for the same `version`.

    Args:
        version: names the compiled file; goes into `Versions.vocabulary`.
        entries: concepts and names per type of mention.
    """

    version: str
    entries: Mapping[MentionType, Entries]
    _cache: dict[tuple[MentionType, str], tuple[Concept, float] | None] = field(
        default_factory=dict, repr=False
    )

    def name(self, mention_type: MentionType, surface: str) -> Named:
        """What a mention is counted under."""
        found = self.find(mention_type, surface)
        if found is None:
            return Named(normalise.concept(mention_type, surface), None)
        concept, score = found
        return Named(concept.name, Coding(concept.system, concept.code, concept.version, score))

    def find(self, mention_type: MentionType, surface: str) -> tuple[Concept, float] | None:
        """The concept of a surface and the score of the match; None if nothing is near."""
        at = (mention_type, surface)
        if at not in self._cache:
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            self._cache[at] = self._search(mention_type, surface)
        return self._cache[at]

    def concepts(self, mention_type: MentionType) -> Sequence[Concept]:
        """All concepts of a type."""
        return self.entries.get(mention_type, _NOTHING).concepts

    def _search(self, mention_type: MentionType, surface: str) -> tuple[Concept, float] | None:
        entries = self.entries.get(mention_type, _NOTHING)
        key = keys.key(mention_type, surface)
        if not key or not entries.names:
            return None
        exact = entries.names.get(key)
        if exact is not None:
            return entries.concepts[exact], 1.0
        if len(key) <= MIN_SURFACE:
            return None
        if mention_type is MentionType.DRUG:
            joined = self._combination(entries, surface)
            if joined is not None:
                return joined, 0.9
        return self._near(mention_type, entries, key)

    def _near(
        self, mention_type: MentionType, entries: Entries, key: str
    ) -> tuple[Concept, float] | None:
        readings = list(keys.variants(mention_type, key))
        for reading, score in readings:
            number = entries.names.get(reading)
            if number is not None:
                return entries.concepts[number], score
        if mention_type is MentionType.ADE:
            for reading in (key, *(reading for reading, _ in readings)):
                number = self._loose.get(keys.loose(reading))
                if number is not None:
                    return entries.concepts[number], 0.85
        near = self._near_names[mention_type]
        found = near.misspelt(key) or near.alike(
            key, threshold=ALIKE_THRESHOLD, margin=ALIKE_MARGIN
        )
        return None if found is None else (entries.concepts[found.concept], found.score)

    def _combination(self, entries: Entries, surface: str) -> Concept | None:
        """The concept of several drugs in one, if each part alone is known by its name."""
        parts = [part for part in _JOINTS.split(_STRENGTHS.sub("", surface).strip()) if part]
        if not 1 < len(parts) <= _MAX_PARTS:
            return None
        numbers = [self._part(entries, part) for part in parts]
        if None in numbers:
            return None
        found = {entries.concepts[n].name: entries.concepts[n] for n in numbers if n is not None}
        return combined(list(found.values()))

    def _part(self, entries: Entries, part: str) -> int | None:
        key = keys.key(MentionType.DRUG, part)
        if len(key) <= MIN_SURFACE:
            return None
        readings = (key, *(r for r, score in keys.variants(MentionType.DRUG, key) if score >= 0.9))
        return next((entries.names[r] for r in readings if r in entries.names), None)

    @cached_property
    def _loose(self) -> Mapping[str, int]:
        """Concepts by their words in any order; what two concepts share is nobody's."""
        found: dict[str, int] = {}
        shared: set[str] = set()
        for name, number in self.entries[MentionType.ADE].names.items():
            loose = keys.loose(name)
            if found.setdefault(loose, number) != number:
                shared.add(loose)
        return {loose: n for loose, n in found.items() if loose and loose not in shared}

    @cached_property
    def _near_names(self) -> Mapping[MentionType, NearNames]:
        return {
            mention_type: NearNames(list(entries.names), list(entries.names.values()))
            for mention_type, entries in self.entries.items()
        }


def combined(parts: Iterable[Concept]) -> Concept:
    """One concept of several ingredients, in alphabetical order; of one, itself."""
    ordered = sorted(parts, key=lambda part: part.name)
    if len(ordered) == 1:
        return ordered[0]
    broader = {group: None for part in ordered for group in part.broader}
    return Concept(
        type=MentionType.DRUG,
        name=" + ".join(part.name for part in ordered),
        system=ordered[0].system,
        code="+".join(part.code for part in ordered),
        version=ordered[0].version,
        broader=tuple(broader),
    )
