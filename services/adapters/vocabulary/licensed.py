"""RxNorm and MedDRA from the files that a licensed hospital has.

RxNorm: `RXNCONSO.RRF` and `RXNREL.RRF` of a release's `rrf` folder. MedDRA: `llt.asc`, `pt.asc`,
`hlt.asc`, `hlt_pt.asc`, `hlgt.asc`, `hlgt_hlt.asc`, `soc.asc`, `soc_hlgt.asc`, `mdhier.asc` and,
if there, `smq_list.asc` and `smq_content.asc` of a release's `MedAscii` folder. Neither is part of
this project. A mention counts as the ingredient or the preferred term; what is above it is in
`Concept.broader` (levels of `services.core.vocabulary.groups`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.core import normalise
from services.core.contracts import MentionType
from services.core.errors import ConfigurationError
from services.core.vocabulary import keys
from services.core.vocabulary.groups import BROAD, Level
from services.core.vocabulary.lexicon import JOINED, Concept, Entries

_MAX_STEPS = 4
_TO_INGREDIENT = frozenset(
    {"has_ingredient", "has_ingredients", "has_precise_ingredient", "tradename_of", "form_of",
     "consists_of", "has_part", "isa", "has_tradename_of", "contains"}
)  # fmt: skip
_INGREDIENT = "IN"
_PREFERRED_TERM, _CHILD_QUERY = "4", "0"
_NARROW_SCOPE, _ACTIVE = "2", "A"


def rxnorm(folder: Path, version: str) -> Entries:
    """Every English name of RxNorm's concepts, under the ingredient or ingredients.

    A clinical drug, pack, brand, form or salt is followed along RXNREL to its ingredients (term
    type IN); several are one combination. What leads to none is left out.

    Raises:
        ConfigurationError: a file is missing or has too few columns.
    """
    names: defaultdict[str, list[str]] = defaultdict(list)
    ingredients: dict[str, str] = {}
    for cells in _rows(folder / "RXNCONSO.RRF", "|", 17):
        code, language, source, term_type, name, suppressed = (
            cells[0], cells[1], cells[11], cells[12], cells[14], cells[16],
        )  # fmt: skip
        if language != "ENG" or suppressed in ("O", "Y"):
            continue
        names[code].append(name)
        if source == "RXNORM" and term_type == _INGREDIENT:
            ingredients[code] = name
    up: defaultdict[str, set[str]] = defaultdict(set)
    for cells in _rows(folder / "RXNREL.RRF", "|", 8):
        # REL and RELA say what the second concept is to the first: RXCUI2 "RELA" RXCUI1.
        if cells[7] in _TO_INGREDIENT and cells[0] and cells[4]:
            up[cells[4]].add(cells[0])
    return _Collected(MentionType.DRUG, "RxNorm", version).drugs(names, ingredients, up)


def meddra(folder: Path, version: str) -> Entries:
    """Lowest level terms of MedDRA under their preferred terms, with what is above those.

    Raises:
        ConfigurationError: a file is missing or has too few columns.
    """
    terms = {cells[0]: cells[1] for cells in _rows(folder / "pt.asc", "$", 4)}
    above: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for cells in _rows(folder / "mdhier.asc", "$", 12):
        # Every path of a preferred term, so that secondary classes are kept too.
        above[cells[0]] |= {
            (Level.HLT.value, cells[5]), (Level.HLGT.value, cells[6]), (Level.SOC.value, cells[7]),
        }  # fmt: skip
    for code, group in _standard_queries(folder):
        above[code].add(group)
    collected = _Collected(MentionType.ADE, "MedDRA", version)
    for code, name in terms.items():
        collected.add(code, name, tuple(sorted(above[code])))
    for cells in _rows(folder / "llt.asc", "$", 10):
        if cells[2] in terms:
            collected.call(cells[2], cells[1])
    return collected.entries()


def _standard_queries(folder: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """(code of a preferred term, standardised query that has it), of active queries and terms.

    A query has its own terms and those of the queries below it. What is narrow in any of them is
    in its narrow search; the rest is what only its broad search has.
    """
    if not (folder / "smq_list.asc").exists():
        return
    names = {
        cells[0]: cells[1]
        for cells in _rows(folder / "smq_list.asc", "$", 9)
        if cells[7] == _ACTIVE
    }
    members: list[tuple[str, str, bool]] = []
    parents: defaultdict[str, set[str]] = defaultdict(set)
    for cells in _rows(folder / "smq_content.asc", "$", 9):
        query, member, level, scope, status = cells[0], cells[1], cells[2], cells[3], cells[6]
        if status != _ACTIVE or query not in names:
            continue
        if level == _CHILD_QUERY:
            parents[member].add(query)
        elif level == _PREFERRED_TERM:
            members.append((query, member, scope == _NARROW_SCOPE))
    narrow: dict[tuple[str, str], bool] = {}
    for query, term, is_narrow in members:
        for one in _with_all_above(query, parents):
            narrow[term, one] = narrow.get((term, one), False) or is_narrow
    for (term, query), is_narrow in narrow.items():
        yield term, (Level.SMQ.value if is_narrow else BROAD, names[query])


def _with_all_above(query: str, parents: Mapping[str, set[str]]) -> set[str]:
    """A query and those above it, at any distance and on every path."""
    found: set[str] = set()
    level = {query}
    while level:
        found |= level
        level = {above for one in level for above in parents.get(one, ())} - found
    return found


class _Collected:
    """Concepts of one source and their names; of two concepts the first keeps a name."""

    def __init__(self, mention_type: MentionType, system: str, version: str) -> None:
        self._type, self._system, self._version = mention_type, system, version
        self._concepts: list[Concept] = []
        self._numbers: dict[str, int] = {}
        self._names: dict[str, int] = {}

    def add(self, code: str, name: str, broader: tuple[tuple[str, str], ...] = ()) -> None:
        """A concept, called by its own name whoever else claims it."""
        self._numbers[code] = len(self._concepts)
        shown = normalise.concept(self._type, name) if JOINED not in name else name
        self._concepts.append(
            Concept(
                type=self._type,
                name=shown,
                system=self._system,
                code=code,
                version=self._version,
                broader=broader,
            )
        )
        self._names[keys.key(self._type, name)] = self._numbers[code]

    def call(self, code: str, name: str) -> None:
        """Another name of a concept."""
        key = keys.key(self._type, name)
        if key:
            self._names.setdefault(key, self._numbers[code])

    def entries(self) -> Entries:
        """What was collected."""
        return Entries(tuple(self._concepts), dict(self._names))

    def drugs(
        self,
        names: dict[str, list[str]],
        ingredients: dict[str, str],
        up: dict[str, set[str]],
    ) -> Entries:
        """Everything under its ingredients."""
        for code, name in ingredients.items():
            self.add(code, name, ((Level.INGREDIENT.value, normalise.concept(self._type, name)),))
        for code, known_as in names.items():
            found = sorted(_above(code, ingredients, up), key=ingredients.__getitem__)
            if not found:
                continue
            whole = "+".join(found)
            if whole not in self._numbers:
                parts = [normalise.concept(self._type, ingredients[one]) for one in found]
                above = tuple((Level.INGREDIENT.value, part) for part in parts)
                self.add(whole, JOINED.join(parts), above)
            for name in known_as:
                self.call(whole, name)
        return self.entries()


def _above(code: str, ingredients: dict[str, str], up: dict[str, set[str]]) -> set[str]:
    """The ingredients a concept leads to, in at most four steps."""
    found: set[str] = set()
    level, seen = {code}, {code}
    for _ in range(_MAX_STEPS):
        found |= level & ingredients.keys()
        level = {n for one in level - ingredients.keys() for n in up.get(one, ())} - seen
        seen |= level
    return found | (level & ingredients.keys())


def _rows(path: Path, separator: str, columns: int) -> Iterator[list[str]]:
    try:
        # Not `splitlines`: a name may hold other ends of lines.
        lines = path.read_text("utf-8").split("\n")
    except FileNotFoundError:
        raise ConfigurationError(f"{path.name} is not in {path.parent}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is not UTF-8") from None
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        cells = line.split(separator)
        if len(cells) < columns:
            raise ConfigurationError(f"{path.name}, line {number}: fewer than {columns} columns")
        yield cells
