"""The corpora by name, where they lie in the data folder, divided by document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from training.corpora import (
    ade,
    ade_rel,
    adewatch,
    bc5cdr,
    clinical,
    ddi,
    dictations,
    phee,
    twimed,
    visits,
)
from training.corpora.documents import Document
from training.corpora.overlap import without_leaks
from training.errors import CorpusError
from training.train.splits import Parts, split

READERS: dict[str, Callable[[Path], list[Document]]] = {
    "ade": lambda data: ade.read_tokens(data / "ade_tokens/ade.json"),
    "ade-rel": lambda data: ade_rel.read_effects(data / "ade_corpus_v2/DRUG-AE.rel"),
    "ade-dose": lambda data: ade_rel.read_doses(data / "ade_corpus_v2/DRUG-DOSE.rel"),
    "ade-neg": lambda data: ade.read_negatives(data / "ade_corpus_v2/ADE-NEG.txt"),
    "adewatch": lambda data: adewatch.read_notes(),
    "bc5cdr": lambda data: bc5cdr.read_abstracts(
        [data / "bc5cdr/train.pubtator", data / "bc5cdr/dev.pubtator"]
    ),
    "clinical": lambda data: clinical.read_notes(data / "clinical_ade/notes.jsonl"),
    "ddi": lambda data: ddi.read_documents(data / "ddi2013"),
    "dictations": lambda data: dictations.read_notes(data / "mtsamples/mtsamples.jsonl"),
    "phee": lambda data: phee.read_sentences([data / "phee/train.json", data / "phee/dev.json"]),
    "twimed": lambda data: twimed.read_sentences(data / "twimed_pubmed/twimed_pubmed_gold.jsonl"),
    "visits": lambda data: visits.read_notes(data / "aci_bench/data/challenge_data"),
}
"""What reads each corpus; all but `adewatch`, which is part of the repository, lie in the data
folder."""


def read(name: str, data: Path) -> list[Document]:
    """All documents of a corpus.

    Raises:
        CorpusError: a file is missing or malformed, or the name is unknown.
    """
    if name not in READERS:
        raise CorpusError(f"no corpus {name!r}; known are {', '.join(READERS)}")
    return READERS[name](data)


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
    if name == visits.CORPUS:
        return visits.split_notes(documents)
    return split(documents, seed=seed)
