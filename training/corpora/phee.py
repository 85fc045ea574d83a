"""PHEE: pharmacovigilance events with triggers and arguments, one JSON object a line.

Sun et al., EMNLP 2022 (arXiv:2210.12560). Read for relations: an effect of an adverse event is
caused by its drugs; disorders that are treated or that the patient has, and effects that are
benefits, are candidates beside them without relation. Most sentences are also in the ADE corpus.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
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

_ADVERSE = "Adverse_event"


def read_sentences(paths: Iterable[Path]) -> list[Document]:
    """One document per sentence, grouped by PMID.

    Raises:
        CorpusError: a file is missing or has another format.
    """
    documents = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            documents += [_document(json.loads(line)) for line in lines if line.strip()]
        except OSError as error:
            raise CorpusError(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise CorpusError(f"{path} is no file of PHEE events: {error!r}") from error
    return documents


def _document(record: dict[str, Any]) -> Document:
    text = record["context"]
    ids: dict[tuple[MentionType, Span], str] = {}
    statuses: dict[tuple[str, str], str] = {}
    for event in (event for part in record["annotations"] for event in part["events"]):
        treatment, subject = event.get("Treatment", {}), event.get("Subject", {})
        drugs = [_id(ids, MentionType.DRUG, span) for span in _spans(treatment.get("Drug"))]
        effects = [_id(ids, MentionType.ADE, span) for span in _spans(event.get("Effect"))]
        for disorder in (treatment.get("Disorder"), subject.get("Disorder")):
            for span in _spans(disorder):
                _id(ids, MentionType.ADE, span)
        if event["event_type"] == _ADVERSE:
            for drug in drugs:
                statuses.update(
                    dict.fromkeys(((drug, effect) for effect in effects), _status(event))
                )
    return Document(
        doc_id=f"phee:{record['id']}",
        group=f"pmid:{record['id'].split('_')[0]}",
        corpus="phee",
        text=text,
        sentences=(Span(0, len(text)),),
        mentions=tuple(AnnotatedMention(name, type_, span) for (type_, span), name in ids.items()),
        relations=tuple(
            AnnotatedRelation(drug, effect, status) for (drug, effect), status in statuses.items()
        ),
        complete=frozenset(),
    )


def _id(ids: dict[tuple[MentionType, Span], str], type_: MentionType, span: Span) -> str:
    return ids.setdefault((type_, span), f"T{len(ids) + 1}")


def _spans(argument: dict[str, Any] | None) -> Iterator[Span]:
    """Spans of an argument; a discontinuous one from its first to its last character."""
    if argument is None:
        return
    for fragments, starts in zip(argument["text"], argument["start"], strict=True):
        ends = [start + len(text) for text, start in zip(fragments, starts, strict=True)]
        yield Span(min(starts), max(ends))


def _status(event: dict[str, Any]) -> str:
    if "Negated" in event:
        return "negated"
    return "uncertain" if "Speculated" in event else "affirmed"
