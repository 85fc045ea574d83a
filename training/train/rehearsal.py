"""What a training that goes on from a published version learns from."""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.corpora.documents import DICTATED, Document

ALWAYS_LEARNED = (*DICTATED, "verdicts")
"""Corpora of which every document is learned: those that are few, and what is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What is learned of each corpus.

    Attributes:
        share: of the documents that the version knows, which must only not be forgotten.
        whole: names of the corpora of which every document is learned, whatever the share.
    """

    share: float = 1.0
    whole: tuple[str, ...] = ALWAYS_LEARNED

    def chosen(self, corpus: str, documents: list[Document], *, seed: int) -> list[Document]:
        """The documents of a corpus to learn from, in their order."""
        if corpus in self.whole:
            return documents
        rng = random.Random(seed)  # noqa: S311 - a sample, no secret
        return [document for document in documents if rng.random() < self.share]


EVERYTHING = Rehearsal()
