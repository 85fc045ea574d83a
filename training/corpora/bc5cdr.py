"""BC5CDR in PubTator form: abstracts with chemicals, diseases and chemical-induced disease.

Li et al., Database 2016, baw068. Chemicals are read as drugs, diseases as events; both are
completely annotated, but a disease is a candidate, not yet an adverse event. Relations hold
between MeSH ids for the whole document. They are projected to every pair of mentions of these ids
that stand in one window, which is what a model that reads windows can be asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from services.core.contracts import MentionType
from services.core.sentences import split_sentences
from services.core.spans import Span
from services.core.windows import pair_window
from training.corpora.documents import AnnotatedMention, AnnotatedRelation, Document
from training.errors import CorpusError

_TYPES = {"Chemical": MentionType.DRUG, "Disease": MentionType.ADE}
_RELATION = "CID"
_UNKNOWN = "-1"


def read_abstracts(paths: Iterable[Path]) -> list[Document]:
    """One document per abstract: title, a blank, abstract.

    Raises:
        CorpusError: a file is missing or has another format.
    """
    return [_document(block, path) for path in paths for block in _blocks(path)]


def _blocks(path: Path) -> Iterator[list[str]]:
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    for block in content.split("\n\n"):
        lines = [line for line in block.split("\n") if line]
        if lines:
            yield lines


def _document(lines: list[str], path: Path) -> Document:
    try:
        pmid, title = lines[0].split("|t|", maxsplit=1)
        _, abstract = lines[1].split("|a|", maxsplit=1)
        text = f"{title} {abstract}"
        rows = [line.split("\t") for line in lines[2:]]
        related = {(row[2], row[3]) for row in rows if row[1] == _RELATION}
        marked = [row for row in rows if row[1] != _RELATION]
        concepts = [frozenset(row[5].split("|")) - {_UNKNOWN} for row in marked]
        mentions = tuple(
            AnnotatedMention(f"T{number}", _TYPES[row[4]], Span(int(row[1]), int(row[2])))
            for number, row in enumerate(marked, start=1)
        )
        for mention, row in zip(mentions, marked, strict=True):
            if text[mention.span.start : mention.span.end] != row[3]:
                raise ValueError(f"{pmid}: offsets of {row[3]!r}")
    except (ValueError, IndexError, KeyError) as error:
        raise CorpusError(f"{path} is no PubTator file of BC5CDR: {error!r}") from error
    sentences = tuple(split_sentences(text))
    return Document(
        doc_id=f"bc5cdr:{pmid}",
        group=f"pmid:{pmid}",
        corpus="bc5cdr",
        text=text,
        sentences=sentences,
        mentions=mentions,
        relations=tuple(_projected(mentions, concepts, related, sentences)),
    )


def _projected(
    mentions: tuple[AnnotatedMention, ...],
    concepts: list[frozenset[str]],
    related: set[tuple[str, str]],
    sentences: tuple[Span, ...],
) -> Iterator[AnnotatedRelation]:
    named = list(zip(mentions, concepts, strict=True))
    for drug, chemicals in named:
        for event, diseases in named:
            if (
                drug.type is MentionType.DRUG
                and event.type is MentionType.ADE
                and any((c, d) in related for c in chemicals for d in diseases)
                and pair_window(sentences, drug.span, event.span) is not None
            ):
                yield AnnotatedRelation(drug.mention_id, event.mention_id)
