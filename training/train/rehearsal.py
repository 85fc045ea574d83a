"""What weights have learned from, and what a training that goes on from them learns.

Beside the weights of a run and of a published version lies `learned.txt`: per document a hash of
its name and one of its text and annotation. A training that goes on learns every document that is
not known as it is now, and rehearses a share of the others, each version another one.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.corpora.documents import AnnotatedMention, Document
from training.errors import DataMissing, TrainingError
from training.train.splits import Parts

LEARNED = "learned.txt"

_DIGITS = 16
"""Of a hash: 64 bits tell all documents of a training apart, and nobody reads a text from them."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the weights that a training begins with have learned from.

    Attributes:
        start: the published version they are of ("ner/3"); empty for an encoder.
        contents: hash of text and annotation by hash of the document's name.
    """

    start: str
    contents: Mapping[str, str]

    def to_learn(self, documents: Sequence[Document], *, share: float, seed: int) -> list[Document]:
        """The documents that are new or were annotated anew, and a share of the others, in order.

        Args:
            documents: of a training part.
            share: of the known ones, which must only not be forgotten.
            seed: the same seed draws the same of one version, and others of the next.
        """
        rng = random.Random(f"{seed}:{self.start}")  # noqa: S311 - a sample, no secret
        drawn = [(rng.random() < share, document) for document in documents]
        return [
            one for again, one in drawn if again or self.contents.get(_name(one)) != _content(one)
        ]

    def never_learned(self, documents: Sequence[Document]) -> list[Document]:
        """The documents that were learned in no form, in order."""
        return [one for one in documents if _name(one) not in self.contents]

    def refuse_held_out(self, parts: Mapping[str, Parts]) -> None:
        """What chooses or measures must not have been learned, by another split or corpus.

        Raises:
            TrainingError: it was.
        """
        for corpus, part in parts.items():
            held_out = [*part.dev, *part.test]
            learned = sum(_name(document) in self.contents for document in held_out)
            if learned:
                raise TrainingError(
                    f"{self.start} has learned {learned} of {len(held_out)} documents of {corpus} "
                    "that are held out: take the seed it was trained with"
                )

    def write(self, run: Path, parts: Mapping[str, Parts]) -> None:
        """Write what the weights of a run have learned: this and its training parts."""
        now = {
            _name(document): _content(document)
            for part in parts.values()
            for document in part.train
        }
        lines = [
            f"{name} {content}\n" for name, content in sorted({**self.contents, **now}.items())
        ]
        (run / LEARNED).write_text("".join(lines), encoding="ascii")


def known_to(version: str, *, share: float = 1.0) -> Known:
    """What a version has learned from.

    Args:
        version: its folder; empty for an encoder, which knows nothing.
        share: of the known documents that will be learned from.

    Raises:
        DataMissing: the list cannot be read, or is absent although it decides what is learned.
        TrainingError: a share of what is known is asked for, and nothing is.
    """
    if not version:
        if share < 1:
            raise TrainingError("there is nothing to rehearse without a version to start from")
        return Known("", {})
    start, path = "/".join(Path(version).parts[-2:]), Path(version) / LEARNED
    if not path.exists():
        if share < 1:
            raise DataMissing(
                f"{start} does not say what it learned from ({LEARNED}), so nothing can be "
                "rehearsed: learn everything (--rehearsed 1), or begin with the encoder"
            )
        return Known(start, {})
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return Known(start, dict(map(_pair, lines)))
    except (OSError, ValueError) as error:
        raise DataMissing(f"cannot read {path}: {type(error).__name__}") from error


def refuse_learned(versions: Iterable[Path], parts: Mapping[str, Parts]) -> None:
    """Nothing may be chosen or measured with documents that a version has learned.

    Raises:
        TrainingError: one has.
        DataMissing: what it learned cannot be read.
    """
    for version in versions:
        known_to(str(version)).refuse_held_out(parts)


def _pair(line: str) -> tuple[str, str]:
    name, content = line.split()
    return name, content


def _name(document: Document) -> str:
    return _hash(document.doc_id)


def _content(document: Document) -> str:
    annotation = [
        [_fields(mention) for mention in document.mentions],
        [asdict(relation) for relation in document.relations],
        sorted(document.complete),
    ]
    return _hash(json.dumps([document.text, annotation]))


def _fields(mention: AnnotatedMention) -> dict[str, Any]:
    fields = asdict(mention)
    if not mention.fragments:
        # The lists of older versions know no fragments: the hash of what has none stays.
        del fields["fragments"]
    return fields


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
