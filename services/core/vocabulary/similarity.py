"""Names that are nearly the same: misspellings, and names that share most of their letters.

Both compare keys (`services.core.vocabulary.keys`), both only answer when one concept is clearly
nearest, and neither lets pass what changes the meaning with few letters: other digits, another
word of one letter ("vitamin b" and "vitamin d"), hyper- for hypo-, another beginning of a single
word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_LETTERS = 5
"""Shorter names have too many neighbours to be mended."""

_LETTERS = 27
_DIGITS = re.compile(r"\d+")
_OPPOSITES = tuple(
    re.compile(pattern)
    for pattern in (
        r"hyper|hypo",
        r"brady|tachy",
        r"leukocyt|leukopen|thrombocyt|thrombopen|penia|cytosis|philia",
        r"increas|decreas|high|low|elevat|reduc|gain|loss",
        r"intra|inter|extra",
        r"\bnon|\ban?ti|\bun",
        r"proximal|distal|ventric|atri|arter|ven",
        r"hemat|hepat|nephr|neur|cardi|myel|gastr|oste|arthr|derm|enter|encephal|mening|lymph",
    )
)


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest concept of a name, by its number, and how near: 1 is the same."""

    concept: int
    score: float


class NearNames:
    """Searches the names of one type of mention.

    Args:
        names: keys.
        concepts: for each key the number of its concept.
    """

    def __init__(self, names: Sequence[str], concepts: Sequence[int]) -> None:
        self._names = list(names)
        self._concepts = np.asarray(concepts, dtype=np.int64)
        self._profiles = _profiles(self._names)
        self._lengths = np.asarray([len(name) for name in self._names], dtype=np.int64)
        self._grams = _Grams(self._names)
        self._words = frozenset(word for name in names for word in name.split(" "))

    def misspelt(self, name: str) -> Near | None:
        """The concept whose name differs by one letter, or two in a long name.

        A difference is a letter too many, missing, other, or two swapped ones. The first letter
        must be right, and a word that some name has is not misspelt ("retinal" is not "renal").
        """
        allowed = _allowed(name)
        if not allowed:
            return None
        # Each difference changes at most two entries of the counts of letters.
        apart = np.abs(self._profiles - _profiles([name])[0]).sum(axis=1)
        close = (apart <= 2 * allowed) & (np.abs(self._lengths - len(name)) <= allowed)
        best, found = allowed + 1, set[int]()
        for index in np.flatnonzero(close):
            other = self._names[index]
            if not self._comparable(name, other):
                continue
            differences = distance(name, other, best)
            if differences < best:
                best, found = differences, set()
            if differences == best and differences <= allowed:
                found.add(int(self._concepts[index]))
        if len(found) != 1:
            return None
        return Near(found.pop(), round(1 - best / (len(name) + 1), 3))

    def _comparable(self, name: str, other: str) -> bool:
        if name[0] != other[0] or not _same_sense(name, other):
            return False
        mine, theirs = name.split(" "), other.split(" ")
        if len(mine) != len(theirs):
            return len(name) >= 8
        return all(
            a == b or (min(len(a), len(b)) >= MIN_LETTERS and a not in self._words)
            for a, b in zip(mine, theirs, strict=True)
        )

    def alike(self, name: str, *, threshold: float, margin: float) -> Near | None:
        """The concept with the nearest name by the cosine of weighted groups of three letters.

        Args:
            threshold: least cosine.
            margin: by how much the nearest name of another concept must be further away.
        """
        return self.nearest(name, self.cosines(name), threshold=threshold, margin=margin)

    def cosines(self, name: str) -> NDArray[np.float64]:
        """The cosine of weighted groups of three letters with every name, [names]."""
        return self._grams.cosines(name)

    def nearest(
        self, name: str, similarities: NDArray[np.float64], *, threshold: float, margin: float
    ) -> Near | None:
        """The concept of the most similar name that has the same sense; see `alike`.

        Args:
            similarities: with every name, [names]; none is found at 0 or below.
        """
        near = np.flatnonzero(similarities >= max(threshold - margin, 0.01))
        nearest_first = near[np.argsort(-similarities[near], kind="stable")]
        ranked = [index for index in nearest_first if _same_sense(name, self._names[index])]
        if not ranked or similarities[ranked[0]] < threshold:
            return None
        first = int(self._concepts[ranked[0]])
        for index in ranked[1:]:
            if int(self._concepts[index]) != first:
                if similarities[ranked[0]] - similarities[index] < margin:
                    return None
                break
        return Near(first, round(float(min(similarities[ranked[0]], 1.0)), 3))


def distance(one: str, other: str, limit: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours; `limit` + 1 if more.

    Optimal string alignment: no letter takes part in two of them.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        after = [i]
        for j, against in enumerate(other, 1):
            cost = min(row[j] + 1, after[j - 1] + 1, row[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            after.append(cost)
        if min(after) > limit:
            return limit + 1
        before, row = row, after
    return min(row[-1], limit + 1)


def _allowed(name: str) -> int:
    letters = sum(character.isalpha() for character in name)
    if letters < MIN_LETTERS or not name.isascii():
        return 0
    return 1 if letters < 9 else 2


def _same_sense(name: str, other: str) -> bool:
    if _DIGITS.findall(name) != _DIGITS.findall(other):
        return False
    mine, theirs = name.split(" "), other.split(" ")
    if sorted(w for w in mine if len(w) == 1) != sorted(w for w in theirs if len(w) == 1):
        return False
    if len(mine) == len(theirs) == 1 and name[:1] != other[:1]:
        return False
    return all(rule.findall(name) == rule.findall(other) for rule in _OPPOSITES)


def _profiles(names: Sequence[str]) -> NDArray[np.int16]:
    """Counts of a to z and of everything else, [names, 27]."""
    codes = np.frombuffer("\n".join(names).encode("ascii", "replace"), dtype=np.uint8)
    owners = np.cumsum(codes == ord("\n"))
    letters = np.where((codes >= ord("a")) & (codes <= ord("z")), codes - ord("a"), _LETTERS - 1)
    kept = codes != ord("\n")
    counts = np.bincount(owners[kept] * _LETTERS + letters[kept], minlength=len(names) * _LETTERS)
    return counts.reshape(len(names), _LETTERS).astype(np.int16)


class _Grams:
    """Names as vectors: groups of three letters, rare ones weighing more (TF-IDF), length 1.

    Kept by group: for each the names that have it and its weight there.
    """

    def __init__(self, names: Sequence[str]) -> None:
        owners, grams = _grams(names)
        # Each (group, name) once, ordered by group.
        pairs, counts = np.unique(grams * len(names) + owners, return_counts=True)
        groups, self._owners = np.divmod(pairs, len(names))
        self._known, starts = np.unique(groups, return_index=True)
        self._starts = np.append(starts, len(pairs))
        present = np.diff(self._starts)
        self._idf = np.log((1 + len(names)) / (1 + present)) + 1
        weights = counts * np.repeat(self._idf, present)
        norms = np.sqrt(np.bincount(self._owners, weights**2, minlength=len(names)))
        self._weights = (weights / norms[self._owners]).astype(np.float32)
        self._size = len(names)

    def cosines(self, name: str) -> NDArray[np.float64]:
        """The cosine with every name, [names]."""
        _, grams = _grams([name])
        values, counts = np.unique(grams, return_counts=True)
        places = np.minimum(np.searchsorted(self._known, values), len(self._known) - 1)
        known = self._known[places] == values
        weights = counts * np.where(known, self._idf[places], self._idf.max())
        weights = weights / np.sqrt((weights**2).sum())
        result = np.zeros(self._size)
        for place, weight in zip(places[known], weights[known], strict=True):
            start, stop = self._starts[place : place + 2]
            result[self._owners[start:stop]] += self._weights[start:stop] * weight
        return result


def _grams(names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(number of the name, code of the group) of every group of three, edges of names marked."""
    text = "".join(f"\n {name} " for name in names) + "\n"
    codes = np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8).astype(np.int64)
    groups = (codes[:-2] << 16) | (codes[1:-1] << 8) | codes[2:]
    breaks = codes == ord("\n")
    inside = ~(breaks[:-2] | breaks[1:-1] | breaks[2:])
    owners = np.cumsum(breaks)[:-2] - 1
    return owners[inside], groups[inside]
