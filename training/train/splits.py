"""Training, development and test documents, never dividing a group.

The part of a group follows from its name and the seed alone, so that the sentences of one
abstract fall into one part in every corpus that has them, now and when a corpus is added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from training.corpora.documents import Document

DEV_FRACTION = 0.10
TEST_FRACTION = 0.15


@dataclass(frozen=True, slots=True)
class Parts:
    """Documents by part."""

    train: list[Document]
    dev: list[Document]
    test: list[Document]


def sizes(parts: Mapping[str, Parts]) -> dict[str, dict[str, int]]:
    """Documents per part of corpora by name, as a run reports them."""
    return {
        name: {"train": len(part.train), "dev": len(part.dev), "test": len(part.test)}
        for name, part in parts.items()
    }


def position(group: str, *, seed: int) -> float:
    """A fixed pseudo-random number in [0, 1) for a group."""
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split(documents: Iterable[Document], *, seed: int) -> Parts:
    """Divide by group."""
    parts = Parts([], [], [])
    for document in documents:
        place = position(document.group, seed=seed)
        if place < TEST_FRACTION:
            parts.test.append(document)
        elif place < TEST_FRACTION + DEV_FRACTION:
            parts.dev.append(document)
        else:
            parts.train.append(document)
    return parts
