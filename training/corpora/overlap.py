"""De-duplication across corpora: what one corpus tests on, no corpus may train on.

The ADE corpus, PHEE, TwiMed and BC5CDR share abstracts and sentences. Documents of one group
(a PMID, a patient) fall into one part by their name; here go those that share a sentence under
another name, and those whose parts another rule divides (the published folds).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from training.corpora.documents import Document
from training.train.splits import Parts

MIN_WORDS = 6
"""Shorter sentences ("No known drug allergies.") stand in notes that share nothing else."""

_MASKED_NUMBER = "__number__"
_WORD = re.compile(r"[^\W\d_]+|\d+")


def sentence_key(text: str) -> str | None:
    """What remains of a sentence when case, blanks, punctuation and digits say nothing.

    Corpora write one sentence with other blanks (joined tokens) and masked numbers (TwiMed).

    Returns:
        The key, or None if the sentence has fewer than `MIN_WORDS` words.
    """
    words = _WORD.findall(text.replace(_MASKED_NUMBER, "0").lower())
    kept = ["0" if word.isdigit() else word for word in words]
    return "".join(kept) if len(kept) >= MIN_WORDS else None


def without_overlap(documents: Iterable[Document], held_out: Iterable[Document]) -> list[Document]:
    """The documents of which neither the group nor any sentence is held out."""
    groups: set[str] = set()
    keys: set[str] = set()
    for document in held_out:
        groups.add(document.group)
        keys |= _keys(document)
    return [
        document
        for document in documents
        if document.group not in groups and keys.isdisjoint(_keys(document))
    ]


def without_leaks(parts: Mapping[str, Parts]) -> dict[str, Parts]:
    """The parts of several corpora such that no training document of one is in dev or test of
    another, and no dev document in test of another.

    Within one corpus the split by group decides; a sentence that two groups of one corpus share
    stays, since published figures keep it too.
    """
    cleaned = {}
    for name, part in parts.items():
        others = [other for other_name, other in parts.items() if other_name != name]
        test = [document for other in others for document in other.test]
        dev = [document for other in others for document in other.dev]
        cleaned[name] = Parts(
            train=without_overlap(part.train, [*test, *dev]),
            dev=without_overlap(part.dev, test),
            test=part.test,
        )
    return cleaned


def _keys(document: Document) -> set[str]:
    found = (sentence_key(document.text[start:end]) for start, end in document.sentences)
    return {key for key in found if key is not None}
