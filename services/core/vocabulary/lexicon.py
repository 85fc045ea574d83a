"""The lexicon: from the surface of a mention to a concept of a vocabulary.

A surface is tried in this order, and the first answer holds:

    score     how it was found
    1.0       its key is a name of the concept
    0.98      it is but for spaces and hyphens between words ("HOE140")
    0.9       all parts of a combination of drugs are ("lisinopril/HCTZ")
    0.9–0.97  a reading of it is (see `keys.variants`): salt, release form, modifier left out
    0.85      the same words in another order or form (events)
    1 - d/n   d letters differ in n, in it or (drugs) in a reading (`similarity.NearNames.misspelt`)
    0.75–0.8  its first or last words are a drug
    cosine    most groups of three letters are the same, with a lead over the next (`ALIKE`)

What nothing finds stays under its own normalised name, without a coding, and remains countable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from services.core import normalise
from services.core.contracts import Coding, MentionType, Named
from services.core.vocabulary import keys
from services.core.vocabulary.similarity import Near, NearNames


class Alike(NamedTuple):
    """From where on a similar name is taken: least cosine, and lead over the next concept."""

    threshold: float
    margin: float


ALIKE = {MentionType.DRUG: Alike(0.85, 0.05), MentionType.ADE: Alike(0.65, 0.2)}
"""Of events a clear lead says more than a high cosine; decision 34 has the figures."""

MIN_SURFACE = 2
SPACED = 0.98
WHOLE = 0.9
"""The score of a reading of a whole name; readings with a lower one are parts of it."""
CACHE_SIZE = 100_000
JOINED = " + "
"""Between the parts of the name of a combination."""

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
    comes from. `broader` are its groups, each with its level (`services.core.vocabulary.groups`).
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
        number = self._compact[mention_type].get(keys.compact(key))
        if number is not None:
            return entries.concepts[number], SPACED
        if mention_type is MentionType.DRUG:
            joined = self._combination(entries, surface)
            if joined is not None:
                return joined, 0.9
        return self._near(mention_type, entries, key)

    def _near(
        self, mention_type: MentionType, entries: Entries, key: str
    ) -> tuple[Concept, float] | None:
        readings = list(keys.variants(mention_type, key))
        whole = [one for one in readings if one[1] >= WHOLE]
        found = _first(entries, whole)
        if found is None and mention_type is MentionType.ADE:
            found = self._same_words(entries, (key, *(reading for reading, _ in readings)))
        near = self._near_names[mention_type]
        if found is None:
            found = _nearest(entries, near.misspelt(key))
        if found is None and mention_type is MentionType.DRUG:
            mended = (near.misspelt(reading) for reading, _ in dict.fromkeys(whole))
            found = _nearest(entries, next(filter(None, mended), None))
            # A part of a name says less than a misspelt whole one.
            found = found or _first(entries, [one for one in readings if one[1] < WHOLE])
        threshold, margin = ALIKE[mention_type]
        return found or _nearest(entries, near.alike(key, threshold=threshold, margin=margin))

    def _same_words(self, entries: Entries, names: Iterable[str]) -> tuple[Concept, float] | None:
        for name in names:
            number = self._loose.get(keys.loose(name))
            if number is not None:
                return entries.concepts[number], 0.85
        return None

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
    def _compact(self) -> Mapping[MentionType, Mapping[str, int]]:
        """Concepts by their names without spaces; what two concepts share is nobody's."""
        return {
            mention_type: _unshared(entries.names, keys.compact)
            for mention_type, entries in self.entries.items()
        }

    @cached_property
    def _loose(self) -> Mapping[str, int]:
        """Concepts of events by their words in any order; what two share is nobody's."""
        return _unshared(self.entries[MentionType.ADE].names, keys.loose)

    @cached_property
    def _near_names(self) -> Mapping[MentionType, NearNames]:
        return {
            mention_type: NearNames(list(entries.names), list(entries.names.values()))
            for mention_type, entries in self.entries.items()
        }


def _first(entries: Entries, readings: Iterable[tuple[str, float]]) -> tuple[Concept, float] | None:
    """The concept of the first reading that is a name."""
    for reading, score in readings:
        number = entries.names.get(reading)
        if number is not None:
            return entries.concepts[number], score
    return None


def _nearest(entries: Entries, near: Near | None) -> tuple[Concept, float] | None:
    return None if near is None else (entries.concepts[near.concept], near.score)


def _unshared(names: Mapping[str, int], form: Callable[[str], str]) -> dict[str, int]:
    """The concepts of names by a form of the name, where only one concept has that form."""
    found: dict[str, int] = {}
    shared: set[str] = set()
    for name, number in names.items():
        formed = form(name)
        if found.setdefault(formed, number) != number:
            shared.add(formed)
    return {formed: n for formed, n in found.items() if formed and formed not in shared}


def combined(parts: Iterable[Concept]) -> Concept:
    """One concept of several ingredients, in alphabetical order; of one, itself."""
    ordered = sorted(parts, key=lambda part: part.name)
    if len(ordered) == 1:
        return ordered[0]
    broader = {group: None for part in ordered for group in part.broader}
    return Concept(
        type=MentionType.DRUG,
        name=JOINED.join(part.name for part in ordered),
        system=ordered[0].system,
        code="+".join(part.code for part in ordered),
        version=ordered[0].version,
        broader=tuple(broader),
    )
