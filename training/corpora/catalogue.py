"""The corpora by name, where they lie in the data folder, divided by document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from training.corpora import ade, clinical, twimed
from training.corpora.documents import Document
from training.splits import Parts, split

READERS: dict[str, tuple[str, Callable[[Path], list[Document]]]] = {
    "ade": ("ade_tokens/ade.json", ade.read_tokens),
    "ade-neg": ("ade_corpus_v2/ADE-NEG.txt", ade.read_negatives),
    "clinical": ("clinical_ade/notes.jsonl", clinical.read_notes),
    "twimed": ("twimed_pubmed/twimed_pubmed_gold.jsonl", twimed.read_sentences),
}


def load(names: Iterable[str], data: Path, *, seed: int) -> dict[str, Parts]:
    """Corpora by name, each divided into training, dev and test documents.

    Raises:
        CorpusError: a file is missing or malformed.
    """
    parts = {}
    for name in names:
        relative, reader = READERS[name]
        parts[name] = split(reader(data / relative), seed=seed)
    return parts
