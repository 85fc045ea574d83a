"""What a training learned from, and what one that goes on from it learns from.

Beside the weights of a run and of a version lies `learned.txt`: a key per document. A training that
goes on learns every document that the version did not know, and rehearses a share of the others.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from training.corpora.documents import Document
from training.errors import DataMissing
from training.train.splits import Parts

LEARNED = "learned.txt"

_DIGITS = 16
"""Of a key: 64 bits tell all documents of a training apart, and say nothing of them."""


def key(document: Document) -> str:
    """What tells a document with its annotation from any other: one that was corrected is new."""
    annotation = [
        [asdict(mention) for mention in document.mentions],
        [asdict(relation) for relation in document.relations],
        sorted(document.complete),
    ]
    content = json.dumps([document.doc_id, document.text, annotation])
    return hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]


def to_learn(
    documents: Sequence[Document], known: Collection[str], *, share: float, seed: int
) -> list[Document]:
    """The documents that are not known, and a share of those that are, in their order.

    Args:
        documents: of a training part.
        known: keys of what the weights to go on from were trained on.
        share: of the known ones, which must only not be forgotten.
        seed: the same seed draws the same.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    drawn = [(rng.random() < share, document) for document in documents]
    return [one for again, one in drawn if again or key(one) not in known]


def learned_by(version: str) -> frozenset[str]:
    """Keys of the documents that a version knows; none if there is no version or it does not say.

    Raises:
        DataMissing: the file cannot be read.
    """
    path = Path(version) / LEARNED
    if not version or not path.exists():
        return frozenset()
    try:
        return frozenset(path.read_text(encoding="ascii").split())
    except (OSError, ValueError) as error:
        raise DataMissing(f"cannot read {path}: {type(error).__name__}") from error


def write_learned(run: Path, parts: Mapping[str, Parts], before: Collection[str]) -> None:
    """Write the keys of what was learned in a run, by corpus, and before it."""
    keys = {*before, *(key(document) for part in parts.values() for document in part.train)}
    (run / LEARNED).write_text("".join(f"{one}\n" for one in sorted(keys)), encoding="ascii")
