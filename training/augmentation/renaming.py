"""Augmentation by rules: the same sentence with another drug. Pure and seeded."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from services.core.contracts import MentionType
from services.core.spans import Span
from services.core.vocabulary.lexicon import Lexicon
from training.corpora.documents import AnnotatedTrap, Document
from training.errors import CorpusError

_NAME = re.compile(r"[A-Za-z][a-z]{3,17}(?:[ -][A-Za-z][a-z]{2,14})?")
"""Names that read like those of notes: one or two words without digits or signs."""


def read_drug_names(path: Path, *, column: str = "product_name") -> list[str]:
    """Drug names of a table of vocab_drugs, each once, in lower case.

    Raises:
        CorpusError: the file is missing or lacks the column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            names = {row[column].strip().lower() for row in csv.DictReader(lines)}
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except KeyError:
        raise CorpusError(f"{path} has no column {column}") from None
    return sorted(name for name in names if _NAME.fullmatch(name))


def lexicon_drug_names(lexicon: Lexicon) -> list[str]:
    """Drug names of the open vocabularies, each once, in lower case."""
    names = {concept.name.lower() for concept in lexicon.concepts(MentionType.DRUG)}
    return sorted(name for name in names if _NAME.fullmatch(name))


def with_other_drugs(
    documents: Sequence[Document], names: Sequence[str], *, fraction: float, seed: int
) -> list[Document]:
    """Copies of some documents in which every drug name is replaced.

    Mentions of one wording get one new name within a document, and different wordings different
    ones, so that what the text says of them stays consistent. The case of the first letter, or
    capitals throughout, is kept. Documents whose drug mention overlaps another mention are left
    out, for a replacement would change that one too; so are documents without a drug.

    Args:
        documents: of training.
        names: at least as many as a document has drugs; none of them is checked to fit.
        fraction: share of the suitable documents that is copied, rounded down.
        seed: the same seed gives the same copies.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    suitable = [document for document in documents if _suitable(document, len(names))]
    chosen = sorted(rng.sample(range(len(suitable)), int(fraction * len(suitable))))
    return [_renamed(suitable[index], names, rng) for index in chosen]


def _suitable(document: Document, names: int) -> bool:
    drugs = [mention for mention in document.mentions if mention.type is MentionType.DRUG]
    others = [mention.span for mention in document.mentions] + [t.span for t in document.traps]
    alone = all(sum(drug.span.overlaps(other) for other in others) == 1 for drug in drugs)
    wordings = {document.text[slice(*drug.span)].lower() for drug in drugs}
    return bool(drugs) and alone and len(wordings) <= names


def _renamed(document: Document, names: Sequence[str], rng: random.Random) -> Document:
    spans = sorted(span for _, span in document.spans(MentionType.DRUG))
    surfaces = [document.text[slice(*span)] for span in spans]
    wordings = list(dict.fromkeys(surface.lower() for surface in surfaces))
    new_names = dict(zip(wordings, rng.sample(list(names), len(wordings)), strict=True))
    replaced = [
        (span, _in_case_of(surface, new_names[surface.lower()]))
        for span, surface in zip(spans, surfaces, strict=True)
    ]
    return rewritten(document, replaced, mark="drugs")


def rewritten(document: Document, replaced: Sequence[tuple[Span, str]], *, mark: str) -> Document:
    """The document with other text in some spans that are disjoint and in order; all offsets
    move along. A mention that is replaced is of one piece.

    Args:
        document: the original.
        replaced: spans and what stands there now. A span is a mention or overlaps none.
        mark: what kind of copy this is; becomes part of its id.
    """
    text, position = "", 0
    for span, surface in replaced:
        text += document.text[position : span.start] + surface
        position = span.end
    text += document.text[position:]

    def moved(offset: int) -> int:
        """Where an offset lies now; one within a replaced span is no offset of a mention."""
        grown = sum(
            len(surface) - (span.end - span.start)
            for span, surface in replaced
            if span.end <= offset
        )
        return offset + grown

    def shifted(span: Span) -> Span:
        return Span(moved(span.start), moved(span.end))

    places = {span for span, _ in replaced}
    return replace(
        document,
        doc_id=f"{document.doc_id}~{mark}",
        text=text,
        sentences=tuple(shifted(sentence) for sentence in document.sentences),
        mentions=tuple(
            replace(
                mention,
                span=shifted(mention.span),
                fragments=()
                if mention.span in places
                else tuple(shifted(piece) for piece in mention.fragments),
            )
            for mention in document.mentions
        ),
        traps=tuple(AnnotatedTrap(trap.kind, shifted(trap.span)) for trap in document.traps),
    )


def _in_case_of(old: str, new: str) -> str:
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[0].upper() + new[1:] if old[:1].isupper() else new
