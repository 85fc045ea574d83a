"""Candidate pairs as rows of the relation model, in both of its forms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from services.core.contracts import Assertion
from services.core.model_ports import TokenEncoder
from services.core.windows import Form, pair_tokens
from services.extract.batching import NO_PAIR, Quad, pad, pad_pairs
from services.extract.tokens import AskedText, asked_windows
from training.corpora.documents import COARSE_STATUSES
from training.models.relation import STATUSES
from training.rows.pairs import Pair

IGNORED = -100

SPECULATED = len(STATUSES)
"""In place of a status: uncertain or hypothetical, the corpus does not say which."""

STATUS_READINGS = (
    *({place} for place in range(len(STATUSES))),
    {STATUSES.index(Assertion.UNCERTAIN), STATUSES.index(Assertion.HYPOTHETICAL)},
)
"""Which columns of the status head may be right for the status of a row."""


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One row of the model: a window and the pairs asked about in it.

    Attributes:
        ids: token ids of the window.
        pairs: per pair the first and last token of the drug and of the event (marked form: of
            its one pair, not looked at).
        labels: per pair 1 if it is a relation.
        statuses: per pair the index of its status, or `SPECULATED`; `IGNORED` where none is known.
        group: equal for rows of one window of one document.
        sources: indices of the pairs in the list the rows were made from.
    """

    ids: tuple[int, ...]
    pairs: tuple[Quad, ...]
    labels: tuple[int, ...]
    statuses: tuple[int, ...]
    group: int
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """Rows padded to tensors.

    Attributes:
        input_ids: [batch, tokens]; `attention_mask` likewise.
        pairs: [batch, P, 4].
        real: [batch, P], False in rows that are no pair.
    """

    input_ids: Tensor
    attention_mask: Tensor
    pairs: Tensor
    real: Tensor


def window_rows(
    pairs: Sequence[Pair], encoder: TokenEncoder, *, form: Form, max_tokens: int
) -> list[WindowRow]:
    """Rows of the pairs; windows of more than `max_tokens` tokens are left out.

    A levitated row holds the pairs of one window, a marked row one pair. See `asked_windows`.
    """
    if form is Form.MARKED:
        return _marked(pairs, encoder, max_tokens)
    return _levitated(pairs, encoder, max_tokens)


def collate(rows: Sequence[WindowRow]) -> WindowBatch:
    """Pad rows to one batch."""
    input_ids, mask = pad([row.ids for row in rows])
    pairs = pad_pairs([row.pairs for row in rows])
    return WindowBatch(
        torch.from_numpy(input_ids),
        torch.from_numpy(mask),
        torch.from_numpy(pairs),
        torch.from_numpy((pairs != NO_PAIR).all(axis=-1)),
    )


def status_of(pair: Pair) -> int:
    """Index of the annotated status, `SPECULATED` or `IGNORED`."""
    status = pair.document.statuses().get((pair.drug, pair.event)) if pair.caused else None
    if status is None:
        return IGNORED
    coarse = COARSE_STATUSES.get(pair.document.corpus, {})
    if status is Assertion.UNCERTAIN and coarse.get(Assertion.HYPOTHETICAL) is status:
        return SPECULATED
    return STATUSES.index(status)


def _marked(pairs: Sequence[Pair], encoder: TokenEncoder, max_tokens: int) -> list[WindowRow]:
    numbers: dict[str, int] = {}
    return [
        WindowRow(
            ids=encoding.ids,
            pairs=((0, 0, 0, 0),),
            labels=(int(pair.caused),),
            statuses=(status_of(pair),),
            group=numbers.setdefault(pair.group, len(numbers)),
            sources=(index,),
        )
        for index, (pair, encoding) in enumerate(
            zip(pairs, encoder.encode([pair.marked for pair in pairs]), strict=True)
        )
        if len(encoding.ids) <= max_tokens
    ]


def _levitated(pairs: Sequence[Pair], encoder: TokenEncoder, max_tokens: int) -> list[WindowRow]:
    by_document: dict[str, list[int]] = defaultdict(list)
    for index, pair in enumerate(pairs):
        by_document[pair.document.doc_id].append(index)
    sources = list(by_document.values())
    texts = []
    for members in sources:
        document = pairs[members[0]].document
        spans = [(pairs[index].drug, pairs[index].event) for index in members]
        texts.append(AskedText(document.text, document.sentences, spans))
    rows = []
    for group, (number, window, encoding) in enumerate(
        asked_windows(texts, encoder, max_tokens=max_tokens)
    ):
        placed = [
            (sources[number][place], tokens)
            for place in window.pairs
            if (tokens := pair_tokens(encoding.offsets, window.span, *texts[number].pairs[place]))
        ]
        if placed:
            asked = [pairs[index] for index, _ in placed]
            rows.append(
                WindowRow(
                    ids=encoding.ids,
                    pairs=tuple(tokens for _, tokens in placed),
                    labels=tuple(int(pair.caused) for pair in asked),
                    statuses=tuple(status_of(pair) for pair in asked),
                    group=group,
                    sources=tuple(index for index, _ in placed),
                )
            )
    return rows
