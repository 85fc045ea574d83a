"""The corpora by name, where they lie in the data folder, divided by document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from training.corpora import (
    ade,
    ade_rel,
    adewatch,
    bc5cdr,
    clinical,
    ddi,
    dictations,
    n2c2,
    phee,
    twimed,
    visits,
)
from training.corpora.documents import Document
from training.corpora.overlap import without_leaks
from training.errors import CorpusError
from training.train.splits import Parts, split


class Source(NamedTuple):
    """Where a corpus lies, and what reads it.

    Attributes:
        place: its file or folder in the data folder; empty for what is part of the repository.
        read: all its documents, from the path of that place.
    """

    place: str
    read: Callable[[Path], list[Document]]


READERS = {
    "ade": Source("ade_tokens/ade.json", ade.read_tokens),
    "ade-rel": Source("ade_corpus_v2/DRUG-AE.rel", ade_rel.read_effects),
    "ade-dose": Source("ade_corpus_v2/DRUG-DOSE.rel", ade_rel.read_doses),
    "ade-neg": Source("ade_corpus_v2/ADE-NEG.txt", ade.read_negatives),
    "adewatch": Source("", lambda _: adewatch.read_notes()),
    "bc5cdr": Source(
        "bc5cdr",
        lambda folder: bc5cdr.read_abstracts([folder / "train.pubtator", folder / "dev.pubtator"]),
    ),
    "clinical": Source("clinical_ade/notes.jsonl", clinical.read_notes),
    "ddi": Source("ddi2013", ddi.read_documents),
    "dictations": Source("mtsamples/mtsamples.jsonl", dictations.read_notes),
    n2c2.CORPUS: Source(n2c2.FOLDER, n2c2.read_notes),
    "phee": Source(
        "phee", lambda folder: phee.read_sentences([folder / "train.json", folder / "dev.json"])
    ),
    "twimed": Source("twimed_pubmed/twimed_pubmed_gold.jsonl", twimed.read_sentences),
    "visits": Source("aci_bench/data/challenge_data", visits.read_notes),
}
"""What reads each corpus; all but `adewatch`, which is part of the repository, lie in the data
folder."""


LICENSED = (n2c2.CORPUS,)
"""Corpora that their owners give to people who signed for them."""


def is_there(name: str, data: Path) -> bool:
    """Whether the file or folder of a known corpus exists; it may be malformed nevertheless."""
    return (data / READERS[name].place).exists()


def lacking(data: Path) -> dict[str, str]:
    """The licensed corpora that the data folder lacks, each with a line that says so.

    What walks over all corpora leaves them out; to name one all the same is an error.
    """
    return {
        name: f"{name} is left out: {data / READERS[name].place} is absent "
        "(licensed, see the README)"
        for name in LICENSED
        if not is_there(name, data)
    }


def read(name: str, data: Path) -> list[Document]:
    """All documents of a corpus.

    Raises:
        CorpusError: a file is missing or malformed, or the name is unknown.
    """
    if name not in READERS:
        raise CorpusError(f"no corpus {name!r}; known are {', '.join(READERS)}")
    source = READERS[name]
    return source.read(data / source.place)


def load(names: Iterable[str], data: Path, *, seed: int) -> dict[str, Parts]:
    """Corpora by name, each divided into training, dev and test documents.

    No training document shares a PMID, a patient or a sentence with dev or test of another of
    these corpora; notes may share sentences that hold no mention (see `without_overlap`).

    Raises:
        CorpusError: a file is missing or malformed, or a name is unknown.
    """
    parts = {}
    for name in names:
        parts[name] = divide(name, read(name, data), seed=seed)
    return without_leaks(parts)


def divide(name: str, documents: Sequence[Document], *, seed: int) -> Parts:
    """The documents of a corpus as training, dev and test, by its own rule if it has one."""
    if name == adewatch.CORPUS:
        return adewatch.split_notes(documents, seed=seed)
    if name == "clinical":
        return clinical.split_notes(documents, seed=seed)
    if name == dictations.CORPUS:
        return dictations.split_notes(documents, seed=seed)
    if name == n2c2.CORPUS:
        return n2c2.split_notes(documents, seed=seed)
    if name == visits.CORPUS:
        return visits.split_notes(documents)
    return split(documents, seed=seed)
