"""Models over rows of any number and length, for evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from services.core import bio
from services.core.bio import TypedSpan
from services.core.model_ports import FloatArray, IntArray, TokenEncoder
from services.core.spans import Span
from services.extract.batching import length_batches, pad
from services.extract.tokens import (
    NER_MAX_TOKENS,
    WINDOW_OVERLAP_TOKENS,
    stitch,
    token_windows,
    window_ids,
)
from training.corpora.documents import Document
from training.rows.ner import sentences, windows

Runner = Callable[[IntArray, IntArray], FloatArray]
"""`input_ids` and `attention_mask` [batch, tokens] to probabilities [batch, tokens, columns]."""

BATCH_TOKENS = 4096
BATCH_ROWS = 64


def torch_runner(model: nn.Module) -> Runner:
    """A torch model that returns logits, as a runner."""

    def run(input_ids: IntArray, attention_mask: IntArray) -> FloatArray:
        with torch.inference_mode():
            logits = model(torch.from_numpy(input_ids), torch.from_numpy(attention_mask))
            return flattened(logits.float().softmax(dim=-1).numpy())

    return run


def flattened(probabilities: FloatArray) -> FloatArray:
    """[batch, tokens, …] to the columns that `services.core.bio` reads."""
    return probabilities.reshape(*probabilities.shape[:2], -1)


def run_rows(runner: Runner, rows: Sequence[Sequence[int]]) -> list[FloatArray]:
    """Probabilities per row, in order, without padding where there is one per token."""
    answers: dict[int, FloatArray] = {}
    lengths = [len(row) for row in rows]
    for batch in length_batches(lengths, max_tokens=BATCH_TOKENS, max_rows=BATCH_ROWS):
        probabilities = runner(*pad([rows[index] for index in batch]))
        for index, answer in zip(batch, probabilities, strict=True):
            answers[index] = answer[: lengths[index]] if answer.ndim == 2 else answer
    return [answers[index] for index in range(len(rows))]


def predict_mentions(
    runner: Runner,
    encoder: TokenEncoder,
    documents: Sequence[Document],
    *,
    reads_windows: bool = True,
    chains: bio.TagChains | None = None,
) -> list[list[bio.Decoded]]:
    """Mentions found in each document, in offsets of its text, as the extract stage finds them.

    Args:
        runner: the model.
        encoder: its tokenizer.
        documents: gold is not looked at.
        reads_windows: whether the model reads runs of whole sentences, not single ones.
        chains: of a model with a CRF.
    """
    units = windows(documents, encoder) if reads_windows else sentences(documents)
    encodings = encoder.encode([unit.text for unit in units])
    parts_of = [
        token_windows(encoding, max_tokens=NER_MAX_TOKENS, overlap=WINDOW_OVERLAP_TOKENS)
        for encoding in encodings
    ]
    answers = run_rows(
        runner,
        [
            window_ids(encoding, window)
            for encoding, parts in zip(encodings, parts_of, strict=True)
            for window in parts
        ],
    )
    found: dict[str, list[bio.Decoded]] = {document.doc_id: [] for document in documents}
    position = 0
    for unit, encoding, parts in zip(units, encodings, parts_of, strict=True):
        rows = answers[position : position + len(parts)]
        position += len(parts)
        start = unit.span.start
        for type_, span, probability in bio.decode(
            encoding, stitch(encoding, parts, rows), unit.text, chains=chains
        ):
            shifted = Span(start + span.start, start + span.end)
            found[unit.document.doc_id].append(bio.Decoded(type_, shifted, probability))
    return [found[document.doc_id] for document in documents]


def typed(mentions: Sequence[bio.Decoded]) -> list[TypedSpan]:
    """Mentions without their probability."""
    return [TypedSpan(mention.type, mention.span) for mention in mentions]


def softmax(logits: FloatArray) -> FloatArray:
    """Over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: FloatArray = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities
