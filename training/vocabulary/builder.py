"""Collects concepts and their names; the first to claim a name keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.core import normalise
from services.core.contracts import MentionType
from services.core.vocabulary import keys
from services.core.vocabulary.lexicon import Concept, Entries

MAX_NAME = 60
"""Longer names are formulas that nobody writes into a note."""


class Builder:
    """The concepts of one type of mention."""

    def __init__(self, mention_type: MentionType) -> None:
        self.type = mention_type
        self.concepts: list[Concept] = []
        self._names: dict[str, int] = {}
        self._by_mesh: dict[str, int] = {}
        self._called: set[str] = set()
        self._claimed: set[str] = set()
        self._absorbed: set[int] = set()

    def find(self, name: str) -> int | None:
        """The number of the concept of that name."""
        return self._names.get(keys.key(self.type, name))

    def with_mesh(self, code: str) -> int | None:
        """The number of the concept with that MeSH id."""
        return self._by_mesh.get(code)

    def add(
        self, name: str, *, system: str, code: str, version: str, mesh: tuple[str, ...] = ()
    ) -> int:
        """A new concept; its name is made unique if another one has it."""
        shown = self._shown(name)
        if shown in self._called:
            shown = f"{shown} ({code.casefold()})"
        self._called.add(shown)
        number = len(self.concepts)
        self.concepts.append(
            Concept(type=self.type, name=shown, system=system, code=code, version=version)
        )
        self.call(number, [shown])
        for one in mesh:
            self.same_as(number, one)
        return number

    def call(self, number: int, names: Iterable[str]) -> None:
        """Give a concept more names, except those that another one has."""
        for name in names:
            key = keys.key(self.type, name) if len(name) <= MAX_NAME else ""
            if key and key.isascii():
                self._names.setdefault(key, number)

    def claim(self, number: int, names: Iterable[str]) -> None:
        """Give a concept names for good; one that was called so becomes part of it."""
        for name in names:
            key = keys.key(self.type, name)
            if not key:
                continue
            self._claimed.add(key)
            holder = self._names.get(key)
            if holder is not None and holder != number and self.owns(holder, key):
                self.absorb(number, holder)
            self._names[key] = number

    def take(self, number: int, key: str) -> None:
        """Give a concept a key that another one has and is not called by."""
        self._names[key] = number

    def claimed(self, key: str) -> bool:
        """Whether a key was given for good."""
        return key in self._claimed

    def owns(self, number: int, key: str) -> bool:
        """Whether a key is that of the name a concept is called by."""
        return keys.key(self.type, self.concepts[number].name) == key

    def absorb(self, number: int, other: int) -> None:
        """Make one concept of two; a MeSH id is taken over only by one that has none."""
        self._absorbed.add(other)
        for name, holder in self._names.items():
            if holder == other:
                self._names[name] = number
        taken, kept = self.concepts[other], self.concepts[number]
        for code in taken.mesh:
            self._by_mesh[code] = number
        if not kept.mesh:
            self.concepts[number] = replace(kept, mesh=taken.mesh)

    def same_as(self, number: int, mesh: str) -> None:
        """Note that a concept is that of a MeSH id, unless another one is."""
        if self._by_mesh.setdefault(mesh, number) == number:
            concept = self.concepts[number]
            if mesh not in concept.mesh:
                self.concepts[number] = replace(concept, mesh=(*concept.mesh, mesh))

    def file_under(self, mesh: str, names: Iterable[str]) -> None:
        """Note the MeSH id under which MeSH has those names at concepts that have none yet."""
        for name in names:
            number = self.find(name)
            if number is not None and not self.concepts[number].mesh:
                self.concepts[number] = replace(self.concepts[number], mesh=(mesh,))

    def rename(self, number: int, name: str) -> None:
        """Call a concept by another name first; the old one stays one of its names."""
        shown = self._shown(name)
        if shown == self.concepts[number].name or shown in self._called:
            return
        self._called.add(shown)
        self.concepts[number] = replace(self.concepts[number], name=shown)
        self.claim(number, [shown])

    def belongs(self, number: int, level: str, group: str) -> None:
        """Put a concept into a group."""
        concept = self.concepts[number]
        if (level, group) not in concept.broader:
            self.concepts[number] = replace(concept, broader=(*concept.broader, (level, group)))

    def entries(self) -> Entries:
        """What was collected."""
        kept = [number for number in range(len(self.concepts)) if number not in self._absorbed]
        place = {number: index for index, number in enumerate(kept)}
        # A name is a name of its own concept, so that a concept is its own concept.
        for number in kept:
            self._names[keys.key(self.type, self.concepts[number].name)] = number
        names = {name: place[number] for name, number in self._names.items()}
        return Entries(tuple(self.concepts[number] for number in kept), names)

    def _shown(self, name: str) -> str:
        """How a concept is called; the parts of a combination stay apart."""
        return " + ".join(normalise.concept(self.type, part) for part in name.split(" + "))
