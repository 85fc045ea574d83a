"""The extracts of MeSH that travel with the code, made anew from a release of the NLM.

    python -m training.vocabulary.mesh_xml desc2026.xml supp2026.xml [--out FOLDER]

Format: https://www.nlm.nih.gov/mesh/xml_data_elements.html. Of the descriptors those below C
(diseases), D (chemicals) and F03 (mental disorders) are kept, each with all terms that are no
permutation of another one; of the supplementary concepts, with their other names, those with a
pharmacological action or a CAS number. `mesh_wheel` makes them without such a release.
"""

from __future__ import annotations

import csv
import lzma
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from lxml import etree

from training.errors import CorpusError
from training.vocabulary import sources

BRANCHES = ("C", "D", "F03")
MAX_TERM = 60
"""Longer terms are formulas that nobody writes into a note."""

_CAS = re.compile(r"\d{2,7}-\d\d-\d")


def descriptors(path: Path) -> Iterator[tuple[str, str, str]]:
    """(id, preferred name, term) of every kept term of a file of descriptors.

    Raises:
        CorpusError: the file is missing or no XML.
    """
    for record in _records(path, "DescriptorRecord"):
        code, name = _text(record, "DescriptorUI"), _text(record, "DescriptorName/String")
        trees = [one.text or "" for one in record.iterfind("TreeNumberList/TreeNumber")]
        if not any(tree.startswith(BRANCHES) for tree in trees):
            continue
        for term in record.iterfind("ConceptList/Concept/TermList/Term"):
            written = _text(term, "String")
            if term.get("IsPermutedTermYN") == "N" and len(written) <= MAX_TERM:
                yield code, name, written


def supplements(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """(id, name, CAS number or "", other names) of every kept supplementary concept.

    Raises:
        CorpusError: the file is missing or no XML.
    """
    for record in _records(path, "SupplementalRecord"):
        numbers = [one.text or "" for one in record.iter("RegistryNumber")]
        cas = next((number for number in numbers if _CAS.fullmatch(number)), "")
        acts = record.find("PharmacologicalActionList/PharmacologicalAction") is not None
        if cas or acts:
            name = _text(record, "SupplementalRecordName/String")
            yield _text(record, "SupplementalRecordUI"), name, cas, "|".join(_others(record, name))


def _others(record: etree._Element, name: str) -> list[str]:
    terms = record.iterfind("ConceptList/Concept/TermList/Term")
    names = {_text(term, "String") for term in terms} - {name, ""}
    return sorted(one for one in names if len(one) <= MAX_TERM)


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write rows, each once and in order; gives how many."""
    kept = sorted(set(map(tuple, rows)))
    with lzma.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(kept)
    return len(kept)


def _records(path: Path, tag: str) -> Iterator[etree._Element]:
    try:
        for _, record in etree.iterparse(path, tag=tag, resolve_entities=False, load_dtd=False):
            yield record
            record.clear()
            while record.getprevious() is not None:
                del record.getparent()[0]
    except OSError as error:
        raise CorpusError(f"cannot read {path.name}: {error.strerror or error}") from None
    except etree.XMLSyntaxError as error:
        raise CorpusError(f"{path.name} is no XML: {error.msg}") from None


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def extract(
    descriptor_file: Annotated[Path, typer.Argument(help="desc….xml")],
    supplement_file: Annotated[Path, typer.Argument(help="supp….xml")],
    out: Annotated[Path, typer.Option(help="folder to write to")] = sources.OPEN,
) -> None:
    """Write both extracts; afterwards compile the lexicon again."""
    terms = write(out / sources.MESH_TERMS, sources.MESH_COLUMNS, descriptors(descriptor_file))
    others = write(
        out / sources.MESH_SUPPLEMENTS, sources.SUPPLEMENT_COLUMNS, supplements(supplement_file)
    )
    typer.echo(f"{terms} terms and {others} supplementary concepts")


if __name__ == "__main__":
    typer.run(extract)
