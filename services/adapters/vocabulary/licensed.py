"""RxNorm and MedDRA from the files that a licensed hospital has.

RxNorm: `RXNCONSO.RRF` and `RXNREL.RRF` of a release's `rrf` folder. MedDRA: `llt.asc`, `pt.asc`,
`mdhier.asc` and, if there, `smq_list.asc` and `smq_content.asc` of a release's `MedAscii` folder.
Neither is part of this project. A mention counts as the ingredient or the preferred term; what is
above it is in `Concept.broader` (levels of `services.core.vocabulary.groups`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.adapters.vocabulary.delimited import utf8_rows, western_rows
from services.core import normalise
from services.core.contracts import MentionType
from services.core.errors import ConfigurationError
from services.core.vocabulary import keys
from services.core.vocabulary.groups import BROAD, Level, secondary
from services.core.vocabulary.lexicon import JOINED, Concept, Entries

READING = "licensed-2"
"""Changes whenever the same files could give other names or groups."""

_MAX_STEPS = 4
_TO_INGREDIENT = frozenset(
    {"has_ingredient", "has_ingredients", "has_precise_ingredient", "tradename_of", "form_of",
     "consists_of", "has_part", "isa", "contains"}
)  # fmt: skip
_OWN = "RXNORM"
_INGREDIENT = "IN"
_NAMED = frozenset({_INGREDIENT, "PIN", "MIN", "BN"})
"""Term types of substances and brands; the others are of products."""
_INERT = "inert ingredients"
"""What RxNorm calls the placebos in packs of contraceptives."""
_SUPPRESSED = frozenset({"O", "Y", "E"})
_PREFERRED_TERM, _CHILD_QUERY = "4", "0"
_NARROW_SCOPE, _ACTIVE, _PRIMARY, _NOT_CURRENT = "2", "A", "Y", "N"

_ABOVE = {Level.HLT: 5, Level.HLGT: 6, Level.SOC: 7}
"""Columns of mdhier.asc."""

_Groups = set[tuple[str, str]]
"""Levels and groups."""


def rxnorm(folder: Path, version: str) -> Entries:
    """Every English name of RxNorm's concepts, under the ingredient or ingredients.

    A clinical drug, pack, brand, form or salt is followed along RxNorm's own relations in RXNREL to
    its ingredients (term type IN); several are one combination. What leads to none is left out, and
    so is what is suppressed: obsolete (O), by its source (Y) or by an editor (E). Of two concepts
    with one name a substance or brand goes before a product.

    Raises:
        ConfigurationError: a file is missing, not UTF-8 or has too few columns.
    """
    names: defaultdict[str, list[str]] = defaultdict(list)
    ingredients: dict[str, str] = {}
    named: set[str] = set()
    for cells in utf8_rows(folder / "RXNCONSO.RRF", separator="|", columns=17):
        code, language, source, term_type, name, suppressed = (
            cells[0], cells[1], cells[11], cells[12], cells[14], cells[16],
        )  # fmt: skip
        if language != "ENG" or suppressed in _SUPPRESSED:
            continue
        names[code].append(name)
        if source == _OWN and term_type == _INGREDIENT:
            ingredients[code] = name
        if source == _OWN and term_type in _NAMED:
            named.add(code)
    in_order = {code: names[code] for code in sorted(names, key=lambda code: code not in named)}
    collected = _Collected(MentionType.DRUG, "RxNorm", version)
    return collected.drugs(in_order, ingredients, _relations(folder))


def _relations(folder: Path) -> dict[str, set[str]]:
    """From a concept to those one step nearer to its ingredients.

    Relations of other sources than RxNorm are left out: labels, say, have inactive ingredients.
    """
    up: defaultdict[str, set[str]] = defaultdict(set)
    for cells in utf8_rows(folder / "RXNREL.RRF", separator="|", columns=15):
        first, second, relation, source, suppressed = (
            cells[0], cells[4], cells[7], cells[10], cells[14],
        )  # fmt: skip
        if source != _OWN or suppressed in _SUPPRESSED:
            continue
        # REL and RELA say what the second concept is to the first: RXCUI2 "RELA" RXCUI1.
        if relation in _TO_INGREDIENT and first and second:
            up[second].add(first)
    return up


def meddra(folder: Path, version: str) -> Entries:
    """Current lowest level terms of MedDRA under their preferred terms, with what is above those.

    Terms that are not current (vague, ambiguous, truncated, out of date) name nothing: MedDRA keeps
    them for what was coded once, and asks to code with current ones.

    Raises:
        ConfigurationError: a file is missing or damaged, or a term has not one primary path.
    """
    terms = {cells[0]: cells[1] for cells in _ascii(folder / "pt.asc", 4)}
    above = _hierarchy(folder)
    for code, group in _standard_queries(folder):
        above[code].add(group)
    collected = _Collected(MentionType.ADE, "MedDRA", version)
    for code, name in terms.items():
        collected.add(code, name, tuple(sorted(above[code])))
    for cells in _ascii(folder / "llt.asc", 10):
        if cells[2] in terms and cells[9] != _NOT_CURRENT:
            collected.call(cells[2], cells[1])
    return collected.entries()


def _ascii(path: Path, columns: int) -> Iterator[list[str]]:
    return western_rows(path, separator="$", columns=columns)


def _hierarchy(folder: Path) -> defaultdict[str, _Groups]:
    """What is above each preferred term: on its primary path, and on the others only.

    A term has one path in each system organ class that it is in, and one of them is primary.
    """
    primary: defaultdict[str, _Groups] = defaultdict(set)
    others: defaultdict[str, _Groups] = defaultdict(set)
    for cells in _ascii(folder / "mdhier.asc", 12):
        paths = primary if cells[11] == _PRIMARY else others
        paths[cells[0]] |= {(level.value, cells[column]) for level, column in _ABOVE.items()}
    for code in primary.keys() | others.keys():
        if len(primary[code]) != len(_ABOVE):
            raise ConfigurationError(f"mdhier.asc has not one primary path for the term {code}")
        only = others[code] - primary[code]
        primary[code] |= {(secondary(Level(level)), group) for level, group in only}
    return primary


def _standard_queries(folder: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """(code of a preferred term, standardised query that has it), of active queries and terms.

    A query has its own terms and those of the queries below it. What is narrow in any of them is
    in its narrow search; the rest is what only its broad search has.
    """
    if not (folder / "smq_list.asc").exists():
        return
    names = {
        cells[0]: cells[1] for cells in _ascii(folder / "smq_list.asc", 8) if cells[7] == _ACTIVE
    }
    members: list[tuple[str, str, bool]] = []
    parents: defaultdict[str, set[str]] = defaultdict(set)
    for cells in _ascii(folder / "smq_content.asc", 7):
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
        """Everything under its ingredients.

        The name of a product with several is no name of them all when a strength cuts it off behind
        the first one ("amlodipine besylate 5 MG / …" would be what amlodipine besylate is called).
        """
        for code, name in ingredients.items():
            self.add(code, name, ((Level.INGREDIENT.value, normalise.concept(self._type, name)),))
        for code, known_as in names.items():
            reached = _above(code, ingredients, up)
            active = {one for one in reached if ingredients[one].lower() != _INERT}
            found = sorted(active or reached, key=ingredients.__getitem__)
            if not found:
                continue
            whole = "+".join(found)
            if whole not in self._numbers:
                parts = [normalise.concept(self._type, ingredients[one]) for one in found]
                above = tuple((Level.INGREDIENT.value, part) for part in parts)
                self.add(whole, JOINED.join(parts), above)
            for name in known_as:
                if len(found) == 1 or not normalise.cut_at_strength(name):
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
