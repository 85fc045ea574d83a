"""Which words a relation model attends to when it is asked about a pair.

Attention is where the model looks, not a proof of why it decides (Jain & Wallace, NAACL 2019): it
helps to see that a cue was read, or that another drug's was.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from services.core.contracts import Assertion
from services.core.model_ports import Encoding, TokenEncoder
from services.core.spans import Span
from services.core.windows import Form, pair_tokens
from services.extract.batching import pad, pad_pairs
from services.extract.tokens import RELATION_MAX_TOKENS, AskedText, asked_windows
from training.corpora.documents import Document
from training.errors import TrainingError
from training.models.relation import CAUSED, STATUSES, RelationModel, RelationOutput
from training.rows.pairs import Pair

_WORD = re.compile(r"\S+")


class Attended(NamedTuple):
    """A word and its share of an attention.

    Attributes:
        span: in the document.
        share: of the weight of all words; 0 to 1.
    """

    span: Span
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a model makes of a pair, and where it looked.

    Attributes:
        drug: span in the document; `event` likewise.
        probability: of *caused*, of this model alone.
        statuses: probability per status, of its head alone.
        pair: words by what entity-pair attention gives them, mean of the heads, most first; empty
            for a model without.
        context: words by what contextual attention gives them, mean of the heads and of all tokens
            that attend; likewise.
    """

    drug: Span
    event: Span
    probability: float
    statuses: dict[Assertion, float]
    pair: list[Attended]
    context: list[Attended]


def explain(
    model: RelationModel, encoder: TokenEncoder, document: Document, pairs: Sequence[Pair]
) -> list[Explanation]:
    """Ask a model about pairs of one document.

    Args:
        model: in evaluation mode, of the levitated form.
        encoder: its tokenizer.
        document: any text.
        pairs: of it; one that fits into no window is left out, as in serving.

    Raises:
        TrainingError: the model reads marked text, whose words are not those of the document.
    """
    if model.config.form is not Form.LEVITATED:
        raise TrainingError("only a model of the levitated form can be explained")
    spans = [(pair.drug, pair.event) for pair in pairs]
    asked = AskedText(document.text, document.sentences, spans)
    found = []
    for _, window, encoding in asked_windows([asked], encoder, max_tokens=RELATION_MAX_TOKENS):
        placed = [
            (spans[place], tokens)
            for place in window.pairs
            if (tokens := pair_tokens(encoding.offsets, window.span, *spans[place]))
        ]
        if not placed:
            continue
        ids, mask = map(torch.from_numpy, pad([encoding.ids]))
        quads = torch.from_numpy(pad_pairs([[tokens for _, tokens in placed]]))
        with torch.inference_mode():
            output = model.compute(ids, mask, quads)
        words = _words(document.text, encoding, window.span)
        found += [
            _explanation(output, number, pair, words) for number, (pair, _) in enumerate(placed)
        ]
    return found


def _explanation(
    output: RelationOutput,
    number: int,
    pair: tuple[Span, Span],
    words: Sequence[tuple[Span, list[int]]],
) -> Explanation:
    about, around = output.pair_attention, output.context_attention
    statuses = output.status[0, number].softmax(dim=-1).tolist()
    return Explanation(
        drug=pair[0],
        event=pair[1],
        probability=float(output.logits[0, number].softmax(dim=-1)[CAUSED]),
        statuses=dict(zip(STATUSES, statuses, strict=True)),
        pair=[] if about is None else _shares(about[0, :, number].mean(dim=0), words),
        context=[] if around is None else _shares(around[0].mean(dim=(0, 1)), words),
    )


def _words(text: str, encoding: Encoding, window: Span) -> list[tuple[Span, list[int]]]:
    """What stands between blanks in a window, and its tokens. Special tokens are in none."""
    words = [
        Span(window.start + one.start(), window.start + one.end())
        for one in _WORD.finditer(text[window.start : window.end])
    ]
    starts = [word.start for word in words]
    tokens: list[list[int]] = [[] for _ in words]
    for place, (first, last) in enumerate(encoding.offsets):
        if first < last:
            tokens[bisect_right(starts, window.start + first) - 1].append(place)
    return list(zip(words, tokens, strict=True))


def _shares(weights: Tensor, words: Sequence[tuple[Span, list[int]]]) -> list[Attended]:
    """Words by weight, most first. What special tokens get is nobody's."""
    sums = [float(weights[tokens].sum()) for _, tokens in words]
    total = sum(sums) or 1.0
    found = [Attended(span, one / total) for (span, _), one in zip(words, sums, strict=True)]
    return sorted(found, key=lambda one: (-one.share, one.span))
