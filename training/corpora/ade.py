"""The ADE corpus: its sentences as token JSON, and its sentences without an adverse effect.

Gurulingappa et al., J Biomed Inform 2012;45:885-892; token JSON of Eberts & Ulges, ECAI 2020.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora.documents import (
    AnnotatedMention,
    AnnotatedRelation,
    Document,
)
from training.errors import CorpusError

_TYPES = {"Adverse-Effect": MentionType.ADE, "Drug": MentionType.DRUG}


def read_tokens(path: Path) -> list[Document]:
    """One document per sentence, grouped by PMID; tokens are joined by single blanks.

    Raises:
        CorpusError: the file is missing or has another format.
    """
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
        return [_document(record, number) for number, record in enumerate(records)]
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise CorpusError(f"{path} is no token JSON of the ADE corpus: {error!r}") from error


def read_negatives(path: Path) -> list[Document]:
    """Sentences of the same abstracts that state no adverse effect ("PMID NEG sentence").

    Drugs in them are not annotated, so only the absence of events is known.

    Raises:
        CorpusError: the file is missing or has another format.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    documents = []
    for number, line in enumerate(lines, start=1):
        fields = line.split(" ", maxsplit=2)
        if len(fields) != 3 or fields[1] != "NEG":
            raise CorpusError(f"{path}:{number}: expected 'PMID NEG sentence'")
        text = fields[2].strip()
        documents.append(
            Document(
                doc_id=f"ade-neg:{number}",
                group=f"pmid:{fields[0]}",
                corpus="ade-neg",
                text=text,
                sentences=(Span(0, len(text)),),
                complete=frozenset({MentionType.ADE}),
            )
        )
    return documents


def _document(record: dict[str, Any], number: int) -> Document:
    # The published files have no PMID, and files of others no number of the sentence either.
    name = f"ade:{record.get('orig_id', number)}"
    starts, text = [], ""
    for token in record["tokens"]:
        text += " " if text else ""
        starts.append(len(text))
        text += token
    mentions = tuple(
        AnnotatedMention(
            mention_id=f"T{index}",
            type=_TYPES[entity["type"]],
            span=Span(
                starts[entity["start"]],
                starts[entity["end"] - 1] + len(record["tokens"][entity["end"] - 1]),
            ),
        )
        for index, entity in enumerate(record["entities"])
    )
    return Document(
        doc_id=name,
        group=f"pmid:{record['pmid']}" if "pmid" in record else name,
        corpus="ade",
        text=text,
        sentences=(Span(0, len(text)),),
        mentions=mentions,
        relations=tuple(
            AnnotatedRelation(drug_id=f"T{relation['tail']}", event_id=f"T{relation['head']}")
            for relation in record["relations"]
        ),
    )
