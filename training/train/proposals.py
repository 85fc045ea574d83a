"""False candidates: events that a NER model finds in notes and that no annotator marked.

Reading a thousand notes takes a quarter of an hour, so what a model found is kept beside it: every
ablation, and the check of the exported graph, asks for the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora.documents import Document
from training.evaluate.predict import predict_mentions, torch_runner
from training.rows.pairs import Pair, predicted_negatives
from training.train.runs import load_ner

KEPT = "proposals.json"
"""In the folder of a run: spans of events by the hash of a text, and which weights found them."""

Spans = list[tuple[int, int]]


def false_candidates(
    documents: Sequence[Document], proposer: Path, *, limit: int, seed: int
) -> list[Pair]:
    """Pairs of gold drugs with events that the proposer finds and that are not gold.

    Args:
        documents: notes with complete annotation of events.
        proposer: run of a NER model.
        limit: pairs per document at most.
        seed: of the choice.
    """
    return [
        pair
        for document, events in zip(documents, proposed_events(proposer, documents), strict=True)
        for pair in predicted_negatives(document, events, limit=limit, seed=seed)
    ]


def proposed_events(proposer: Path, documents: Sequence[Document]) -> list[list[Span]]:
    """Events that a NER model finds in each document.

    Args:
        proposer: its run; gets a file with what was found.
        documents: what to read; gold is not looked at.
    """
    if not documents:
        return []
    # Another model in its place is asked anew.
    trained = (proposer / "model.pt").stat().st_mtime_ns
    known = _kept(proposer / KEPT, trained)
    keys = [hashlib.sha256(document.text.encode()).hexdigest() for document in documents]
    unread = {key: one for key, one in zip(keys, documents, strict=True) if key not in known}
    if unread:
        known |= dict(zip(unread, _read(proposer, list(unread.values())), strict=True))
        _keep(proposer / KEPT, trained, known)
    return [[Span(start, end) for start, end in known[key]] for key in keys]


def _read(proposer: Path, documents: Sequence[Document]) -> list[Spans]:
    encoder = HuggingFaceTokenEncoder(proposer / "tokenizer.json")
    model = load_ner(proposer)
    found = predict_mentions(torch_runner(model), encoder, documents, chains=model.chains())
    return [
        [
            (mention.span.start, mention.span.end)
            for mention in mentions
            if mention.type is MentionType.ADE
        ]
        for mentions in found
    ]


def _kept(path: Path, trained: int) -> dict[str, Spans]:
    """What these weights found before; nothing if the file is another model's or damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["trained"] != trained:
            return {}
        return {
            key: [(int(start), int(end)) for start, end in spans]
            for key, spans in kept["events"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _keep(path: Path, trained: int, events: dict[str, Spans]) -> None:
    """Written as a whole: another training may be reading it. Where nothing can be written a
    training reads the notes anew."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        partial.write_text(json.dumps({"trained": trained, "events": events}), encoding="utf-8")
        partial.replace(path)
