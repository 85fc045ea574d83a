"""TwiMed, PubMed part: sentences with drug–symptom relations.

Alvaro et al., JMIR Public Health Surveill 2017;3(2):e24. A symptom or disease that is the reason
to use a drug is kept as an event mention without relation: the negative that clinical notes are
full of. So event mentions here are candidates, not adverse events.
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

_TYPES = {"Drug": MentionType.DRUG, "Disease": MentionType.ADE, "Symptom": MentionType.ADE}
_ADVERSE = "Outcome-negative"


def read_sentences(path: Path) -> list[Document]:
    """One document per sentence.

    Raises:
        CorpusError: the file is missing or has another format.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [_document(json.loads(line)) for line in lines if line.strip()]
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise CorpusError(f"{path} is no file of TwiMed sentences: {error!r}") from error


def _document(record: dict[str, Any]) -> Document:
    text = record["text"]
    return Document(
        doc_id=f"twimed:{record['id']}",
        group=f"pmc:{record['id'].split('_')[0]}",
        corpus="twimed",
        text=text,
        sentences=(Span(0, len(text)),),
        mentions=tuple(
            AnnotatedMention(
                mention_id=entity["id"],
                type=_TYPES[entity["type"]],
                # A discontinuous mention is read from its first to its last character.
                span=Span(entity["spans"][0][0], entity["spans"][-1][1]),
            )
            for entity in record["entities"]
        ),
        relations=tuple(
            AnnotatedRelation(drug_id=relation["arg1"], event_id=relation["arg2"])
            for relation in record["relations"]
            if relation["type"] == _ADVERSE
        ),
        complete=frozenset({MentionType.DRUG}),
    )
