"""The open vocabularies of the data folder, as plain rows.

Licences (PROVENANCE.md beside each; the README of `open`): DrugBank's open vocabulary, the Symptom
Ontology and the Disease Ontology are CC0, Drugs@FDA, MeSH and BC5CDR are works of the US government
or marked as public domain. HPO asks for attribution and for an unaltered copy, so nothing of it is
in what is shipped.
"""

from __future__ import annotations

import csv
import lzma
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.errors import CorpusError

DRUGBANK_VERSION = "open-2026-04"
FDA_VERSION = "2022-08-05"
MESH_VERSION = "2015"
MESH_TERMS_VERSION = "2024"
SYMP_VERSION = "2026-07-30"
HPO_VERSION = "2015-01-27"

OPEN = Path(__file__).with_name("open")
"""Extracts that travel with the code; their README says where they come from."""

MESH_TERMS, MESH_COLUMNS = "mesh_terms.tsv.xz", ("mesh_id", "preferred", "term")
MESH_SUPPLEMENTS = "mesh_supplementary.tsv.xz"
SUPPLEMENT_COLUMNS = ("mesh_id", "name", "cas", "synonyms")
DOID_NAMES, DOID_COLUMNS = "doid_names.tsv.xz", ("doid", "mesh_id", "name")

_FDA_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class Term:
    """A concept of a source with its names, the preferred one first."""

    code: str
    names: tuple[str, ...]
    mesh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """A product name and its ingredients, with how many products there are."""

    name: str
    ingredients: tuple[str, ...]
    number: int


def drugbank(data: Path) -> list[Term]:
    """Drugs of DrugBank's open vocabulary."""
    rows = _rows(data / "vocab_drugs/drugbank_vocabulary.csv")
    return [
        Term(row["DrugBank ID"], (row["Common name"], *_split(row["Synonyms"], " | ")))
        for row in rows
    ]


def fda_products(data: Path) -> list[Product]:
    """Products of Drugs@FDA; malformed lines of the file are left out."""
    path = data / "vocab_drugs/drugsatfda_Products.txt"
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for line in _text(path, "latin-1").splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) == _FDA_COLUMNS:
            ingredients = tuple(sorted({part.strip() for part in cells[6].split(";")} - {""}))
            if ingredients:
                found[cells[5].strip(), ingredients] += 1
    return [Product(name, parts, number) for (name, parts), number in sorted(found.items())]


def mesh(data: Path, branch: str) -> list[Term]:
    """Descriptors of MeSH 2015: `branch` is "chemical_D" or "disease_C_F03". Preferred names."""
    rows = _rows(data / f"vocab_mesh/mesh2015_{branch}.csv")
    return [Term(row["mesh_id"], (row["name"],), (row["mesh_id"],)) for row in rows]


def mesh_entry_terms() -> Iterator[Term]:
    """All names of the descriptors of MeSH 2024 of the branches C, D and F03."""
    found: dict[str, list[str]] = {}
    for row in _open_rows(MESH_TERMS):
        found.setdefault(row["mesh_id"], [row["preferred"]]).append(row["term"])
    for code, names in found.items():
        yield Term(code, tuple(dict.fromkeys(names)), (code,))


@dataclass(frozen=True, slots=True)
class Supplement:
    """A supplementary concept of MeSH: a chemical without a descriptor of its own.

    `cas` may be "".
    """

    code: str
    name: str
    cas: str
    synonyms: tuple[str, ...] = ()


def mesh_supplements() -> list[Supplement]:
    """Supplementary concepts that are drugs or have an equal in ChEBI."""
    return [
        Supplement(row["mesh_id"], row["name"], row["cas"], _split(row["synonyms"], "|"))
        for row in _open_rows(MESH_SUPPLEMENTS)
    ]


def disease_ontology() -> Iterator[Term]:
    """Names in the Disease Ontology of the diseases that are one descriptor of MeSH."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in _open_rows(DOID_NAMES):
        found.setdefault((row["doid"], row["mesh_id"]), []).append(row["name"])
    for (code, mesh_id), names in found.items():
        yield Term(code, tuple(names), (mesh_id,))


def cas_numbers(data: Path) -> dict[str, str]:
    """From CAS numbers to the common names of DrugBank."""
    rows = _rows(data / "vocab_drugs/drugbank_vocabulary.csv")
    return {row["CAS"]: row["Common name"] for row in rows if row["CAS"]}


def symptoms(data: Path) -> list[Term]:
    """Terms of the Symptom Ontology."""
    rows = _rows(data / "vocab_symp/symp_terms.csv")
    return [Term(r["symp_id"], (r["name"], *_split(r["synonyms"], "|"))) for r in rows]


def phenotypes(data: Path) -> list[Term]:
    """Terms of the Human Phenotype Ontology."""
    rows = _rows(data / "vocab_hpo/hpo_terms_2015.csv")
    return [
        Term(r["hpo_id"], (r["name"], *_split(r["synonyms"], "|")), _split(r["mesh_xref"], "|"))
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class GoldMention:
    """A mention of BC5CDR with its MeSH ids; () when MeSH has none."""

    document: str
    chemical: bool
    text: str
    mesh: tuple[str, ...]
    parts: tuple[str, ...] = ()


def bc5cdr(data: Path, part: str) -> list[GoldMention]:
    """Gold mentions of a part of BC5CDR ("train" or "dev")."""
    found = []
    for line in _text(data / f"bc5cdr/{part}.pubtator", "utf-8").splitlines():
        cells = line.split("\t")
        if len(cells) < 6 or cells[1] == "CID":
            continue
        ids = () if cells[5] == "-1" else tuple(cells[5].split("|"))
        parts = tuple(cells[6].split("|")) if len(cells) > 6 else ()
        found.append(GoldMention(cells[0], cells[4] == "Chemical", cells[3], ids, parts))
    return found


def bc5cdr_texts(data: Path, part: str) -> dict[str, str]:
    """Title and abstract of each document of a part of BC5CDR."""
    texts: dict[str, str] = {}
    for line in _text(data / f"bc5cdr/{part}.pubtator", "utf-8").splitlines():
        pieces = line.split("|", 2)
        if len(pieces) == 3 and pieces[1] in ("t", "a") and pieces[0].isdigit():
            texts[pieces[0]] = (
                f"{texts[pieces[0]]} {pieces[2]}" if pieces[0] in texts else pieces[2]
            )
    return texts


def _open_rows(name: str) -> Iterator[dict[str, str]]:
    with lzma.open(OPEN / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    return csv.DictReader(_text(path, "utf-8").splitlines())


def _text(path: Path, encoding: str) -> str:
    try:
        return path.read_text(encoding)
    except FileNotFoundError:
        raise CorpusError(f"{path.parent.name}/{path.name} is not in the data folder") from None


def _split(cell: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(separator) if part.strip())
