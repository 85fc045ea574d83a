"""The corpora by name, where they lie in the data folder, divided by document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from training.corpora import ade, clinical, phee, twimed
from training.corpora.documents import Document
from training.errors import CorpusError
from training.splits import Parts, split

READERS: dict[str, Callable[[Path], list[Document]]] = {
    "ade": lambda data: ade.read_tokens(data / "ade_tokens/ade.json"),
    "ade-neg": lambda data: ade.read_negatives(data / "ade_corpus_v2/ADE-NEG.txt"),
    "clinical": lambda data: clinical.read_notes(data / "clinical_ade/notes.jsonl"),
    "phee": lambda data: phee.read_sentences([data / "phee/train.json", data / "phee/dev.json"]),
    "twimed": lambda data: twimed.read_sentences(data / "twimed_pubmed/twimed_pubmed_gold.jsonl"),
}
"""What reads each corpus from the data folder."""


def load(names: Iterable[str], data: Path, *, seed: int) -> dict[str, Parts]:
    """Corpora by name, each divided into training, dev and test documents.

    Raises:
        CorpusError: a file is missing or malformed, or a name is unknown.
    """
    parts = {}
    for name in names:
        if name not in READERS:
            raise CorpusError(f"no corpus {name!r}; known are {', '.join(READERS)}")
        parts[name] = split(READERS[name](data), seed=seed)
    return parts
