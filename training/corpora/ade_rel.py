"""The ADE corpus in its original form: one relation a line, its fields separated by bars.

    DRUG-AE.rel    PMID|sentence|effect|start|end|drug|start|end
    DRUG-DOSE.rel  PMID|sentence|dose|start|end|drug|start|end

Gurulingappa et al., J Biomed Inform 2012;45:885-892. Offsets count in an abstract that is not part
of the corpus; the place of a sentence in it is that at which most of its mentions fit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora.documents import AnnotatedMention, AnnotatedRelation, Document
from training.errors import CorpusError


class _Row(NamedTuple):
    pmid: str
    sentence: str
    first: tuple[str, int]
    drug: tuple[str, int]


def read_effects(path: Path) -> list[Document]:
    """`DRUG-AE.rel`: one document per sentence, grouped by PMID.

    Raises:
        CorpusError: the file is missing or has another format.
    """
    return [
        _document(f"ade-rel:{number}", "ade-rel", rows, events=True)
        for number, rows in enumerate(_sentences(path), start=1)
    ]


def read_doses(path: Path) -> list[Document]:
    """`DRUG-DOSE.rel`: sentences with the drugs that have a dose; no other mention is known.

    Raises:
        CorpusError: the file is missing or has another format.
    """
    return [
        _document(f"ade-dose:{number}", "ade-dose", rows, events=False)
        for number, rows in enumerate(_sentences(path), start=1)
    ]


def _sentences(path: Path) -> Iterable[list[_Row]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    grouped: dict[tuple[str, str], list[_Row]] = {}
    for number, line in enumerate(lines, start=1):
        fields = line.split("|")
        try:
            pmid, sentence, first, start, _, drug, drug_start, _ = fields
            row = _Row(pmid, sentence, (first, int(start)), (drug, int(drug_start)))
        except ValueError:
            raise CorpusError(f"{path}:{number}: expected eight fields separated by |") from None
        if first not in sentence or drug not in sentence:
            raise CorpusError(f"{path}:{number}: a mention is not in its sentence")
        grouped.setdefault((pmid, sentence), []).append(row)
    return grouped.values()


def _document(doc_id: str, corpus: str, rows: Sequence[_Row], *, events: bool) -> Document:
    text = rows[0].sentence
    base = _base(text, [mention for row in rows for mention in (row.first, row.drug)])
    ids: dict[tuple[MentionType, Span], str] = {}

    def name(type_: MentionType, mention: tuple[str, int]) -> str:
        return ids.setdefault((type_, _place(text, mention, base)), f"T{len(ids) + 1}")

    relations = []
    for row in rows:
        drug = name(MentionType.DRUG, row.drug)
        if events:
            relations.append(AnnotatedRelation(drug, name(MentionType.ADE, row.first)))
    return Document(
        doc_id=doc_id,
        group=f"pmid:{rows[0].pmid}",
        corpus=corpus,
        text=text,
        sentences=(Span(0, len(text)),),
        mentions=tuple(AnnotatedMention(id_, type_, span) for (type_, span), id_ in ids.items()),
        relations=tuple(dict.fromkeys(relations)),
        complete=frozenset(MentionType) if events else frozenset(),
    )


def _base(text: str, mentions: Iterable[tuple[str, int]]) -> int:
    """Where the sentence begins in its abstract."""
    votes = Counter(
        start - place for surface, start in mentions for place in _places(text, surface)
    )
    return max(votes, key=lambda base: (votes[base], -base))


def _place(text: str, mention: tuple[str, int], base: int) -> Span:
    """Where a mention is, of several places the one nearest to its offset."""
    surface, start = mention
    place = min(_places(text, surface), key=lambda place: abs(place - (start - base)))
    return Span(place, place + len(surface))


def _places(text: str, surface: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(f"(?={re.escape(surface)})", text))
