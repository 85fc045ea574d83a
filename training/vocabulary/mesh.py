"""Concepts and names from MeSH: descriptors, their entry terms, supplementary concepts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.core.contracts import MentionType
from services.core.vocabulary import keys
from training.vocabulary import sources
from training.vocabulary.builder import Builder
from training.vocabulary.sources import Term

MIN_SYNONYM = 3
"""Shorter synonyms are shared by chance."""


def add_descriptors(builder: Builder, terms: Iterable[Term]) -> None:
    """Descriptors under their preferred names, in or out of the thesaurus's order of words.

    A key does not tell the class ("Glutamates") from the substance ("Glutamate", an entry term of
    "Glutamic Acid"): what is written so is the substance.
    """
    substances = _in_singular(builder.type)
    classes: list[tuple[str, Term]] = []
    for term in terms:
        key = keys.key(builder.type, term.names[0])
        substance = substances.get(key, term.code)
        if substance == term.code or key == _as_written(term.names[0]):
            _add_descriptor(builder, term)
        else:
            classes.append((substance, term))
    for substance, term in classes:
        number = builder.with_mesh(substance)
        if number is not None:
            builder.call(number, term.names[:1])
        _add_descriptor(builder, term)


def _add_descriptor(builder: Builder, term: Term) -> None:
    name = in_order(term.names[0])
    number = builder.find(term.names[0])
    if number is None:
        number = builder.find(name)
    if number is None:
        number = builder.add(name, system="MeSH", code=term.code, version=sources.MESH_VERSION)
    builder.same_as(number, term.code)
    builder.call(number, [term.names[0], name])


def _in_singular(mention_type: MentionType) -> dict[str, str]:
    """Entry terms that are written as their key, with the id of their descriptor.

    Also the anion of an acid ("glutamate"), which MeSH names only with its plural, the class.
    """
    found: dict[str, str] = {}
    acids: dict[str, str] = {}
    for term in sources.mesh_entry_terms():
        for name in term.names:
            if keys.key(mention_type, name) == _as_written(name):
                found.setdefault(_as_written(name), term.code)
        if term.names[0].endswith("ic Acid"):
            acids[_as_written(term.names[0].removesuffix("ic Acid")) + "ate"] = term.code
    return acids | found


def _as_written(name: str) -> str:
    return name.casefold().replace("-", " ")


def add_supplements(
    builder: Builder, supplements: Iterable[sources.Supplement], named: dict[str, str]
) -> dict[int, list[str]]:
    """Chemicals without a descriptor: a drug of that name or CAS number, or a new concept.

    Gives their other names, to be used where no descriptor has them.
    """
    others: dict[int, list[str]] = {}
    for one in supplements:
        number = builder.find(one.name)
        if number is None and one.cas in named:
            number = builder.find(named[one.cas])
        if number is None:
            number = builder.add(
                one.name, system="MeSH", code=one.code, version=sources.MESH_TERMS_VERSION
            )
        builder.same_as(number, one.code)
        names = [name for name in one.synonyms if len(name) > MIN_SYNONYM]
        others.setdefault(number, []).extend(names)
    return others


def call_entry_terms(builder: Builder) -> list[tuple[str, list[str]]]:
    """Other names of descriptors, where nothing else has them; what became one since 2015 too."""
    entry_terms: list[tuple[str, list[str]]] = []
    for term in sources.mesh_entry_terms():
        number = builder.with_mesh(term.code)
        if number is None:
            number = builder.find(term.names[0])
            if number is not None:
                builder.same_as(number, term.code)
        if number is not None:
            names = [name for name in term.names if len(name) >= MIN_SYNONYM]
            builder.call(number, [*names, *map(in_order, names)])
            entry_terms.append((term.code, names))
    return entry_terms


def call_equals(builder: Builder, terms: Iterable[Term]) -> list[tuple[str, list[str]]]:
    """Names that another vocabulary has for descriptors, where nothing else has them."""
    called: list[tuple[str, list[str]]] = []
    for term in terms:
        for code in term.mesh:
            number = builder.with_mesh(code)
            if number is not None:
                builder.call(number, term.names)
                called.append((code, list(term.names)))
    return called


def file_under(builder: Builder, entry_terms: Iterable[tuple[str, list[str]]]) -> None:
    """What another source names and MeSH knows as an entry term has MeSH's id, if it has none.

    At the end: a concept of its own in MeSH has its own id by then.
    """
    for code, names in entry_terms:
        builder.file_under(code, names)


def in_order(name: str) -> str:
    """ "Renal Failure, Acute" as it is written in a sentence."""
    if not re.fullmatch(r"[^,]+(?:, [^,]+){1,2}", name):
        return name
    return " ".join(reversed(name.split(", ")))
