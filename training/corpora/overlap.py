"""De-duplication across corpora: what one corpus tests on, no corpus may train on.

The ADE corpus, PHEE, TwiMed and BC5CDR share abstracts and sentences. Documents of one group
(a PMID, a patient) fall into one part by their name; here go those that share a sentence under
another name, and those whose parts another rule divides (the published folds).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from services.core.spans import Span
from training.corpora.documents import WHOLE_NOTES, Document
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
    """The documents of which neither the group nor any sentence is held out.

    Notes have whole sentences in common that say nothing of a drug ("The patient tolerated the
    procedure well."): between them only those count that hold a mention or a trap in one of them.
    """
    held = list(held_out)
    notes = [one for one in held if one.corpus in WHOLE_NOTES]
    others = [one for one in held if one.corpus not in WHOLE_NOTES]
    groups = {document.group for document in held}
    everything, of_notes = _held(held, _keys), _held(notes, _keys)
    telling = _held(others, _keys) | _held(notes, _telling)

    def leaks(document: Document) -> bool:
        if document.corpus not in WHOLE_NOTES:
            return not everything.isdisjoint(_keys(document))
        # Not every held-out note has all its drugs marked: either side may tell.
        return not (telling.isdisjoint(_keys(document)) and of_notes.isdisjoint(_telling(document)))

    return [one for one in documents if one.group not in groups and not leaks(one)]


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


def _held(documents: Iterable[Document], keys: Callable[[Document], set[str]]) -> set[str]:
    return {key for document in documents for key in keys(document)}


def _keys(document: Document) -> set[str]:
    return _of(document, document.sentences)


def _telling(document: Document) -> set[str]:
    """Of the sentences that hold a mention or a trap."""
    spans = [mention.span for mention in document.mentions]
    spans += [trap.span for trap in document.traps]
    return _of(
        document,
        [sentence for sentence in document.sentences if any(map(sentence.overlaps, spans))],
    )


def _of(document: Document, sentences: Iterable[Span]) -> set[str]:
    found = (sentence_key(document.text[start:end]) for start, end in sentences)
    return {key for key in found if key is not None}
