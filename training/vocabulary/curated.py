"""Our own tables: abbreviations, lay words, laboratory values, classes by stems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "curated"
VERSION = "3"

_LOW = (
    "low {a}", "{a} low", "low serum {a}", "decreased {a}", "decrease in {a}", "reduced {a}",
    "reduction in {a}", "drop in {a}", "fall in {a}", "fall of {a}", "{a} drop", "{a} decrease",
    "low {a} level", "decreased {a} level", "depressed {a}", "lowered {a}", "{a} reduction",
    "decreased serum {a}", "drop of {a}", "decline in {a}", "reduction of {a}",
    "decrease of {a}", "{a} was low", "loss of {a}", "diminished {a}", "{a} dropped",
)  # fmt: skip
_HIGH = (
    "high {a}", "{a} high", "high serum {a}", "increased {a}", "increase in {a}", "elevated {a}",
    "elevation of {a}", "rise in {a}", "raised {a}", "{a} elevation", "{a} increase",
    "elevated {a} level", "increased {a} level", "high {a} level", "elevated serum {a}",
    "increased serum {a}", "elevation in {a}", "increase of {a}", "rising {a}", "{a} elevated",
    "{a} rise", "abnormal {a}", "{a} was high", "increases in {a}", "elevations in {a}",
    "elevations of {a}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """More names of the concept called `name` by a source, and how it is called here."""

    name: str
    used: str
    surfaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stems:
    """Ingredients whose names end with a stem ("^" : begin with it) belong to a class."""

    name: str
    stems: tuple[str, ...]
    exceptions: frozenset[str]

    def has(self, ingredient: str) -> bool:
        """Whether an ingredient's name says that it belongs to the class."""
        words = ingredient.split(" ")
        if words[0] in self.exceptions:
            return False
        return any(
            word.startswith(stem[1:]) if stem.startswith("^") else word.endswith(stem)
            for stem in self.stems
            for word in words[:1]
        )


def drugs() -> list[Names]:
    """Abbreviations, brands and classes of drugs."""
    return list(_names("drugs.tsv"))


def events() -> list[Names]:
    """Abbreviations, lay and laboratory wordings of events."""
    return [*_names("events.tsv"), *_laboratory()]


def classes() -> list[Stems]:
    """Classes of drugs by the stems of their names."""
    return [
        Stems(name, tuple(stems.split()), frozenset(exceptions.split()) - {"-"})
        for name, stems, exceptions in _lines("classes.tsv")
    ]


def _names(file: str) -> Iterator[Names]:
    for name, surfaces in _lines(file):
        source, _, used = name.partition(" = ")
        yield Names(source, used or source, tuple(surfaces.split(" | ")))


def _laboratory() -> Iterator[Names]:
    for names, low, high in _lines("analytes.tsv"):
        for event, wordings in ((low, _LOW), (high, _HIGH)):
            if event != "-":
                surfaces = [w.format(a=name) for name in names.split(" | ") for w in wordings]
                yield Names(event, event, tuple(surfaces))


def _lines(file: str) -> Iterator[list[str]]:
    for line in (FOLDER / file).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")
