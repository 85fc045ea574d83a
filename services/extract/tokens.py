"""Long texts in windows of tokens.

The encoder reads a limited number of tokens. A longer sentence is read in overlapping windows,
and each token's probabilities are taken from the window in which it has most context on its
nearer side. Nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.core.model_ports import Encoding, FloatArray, TokenEncoder
from services.core.spans import Span
from services.core.windows import PairWindow, apart, shared_windows

NER_MAX_TOKENS = 128
"""Tokens per window of the ner model, special tokens included; training reads the same windows."""

RELATION_MAX_TOKENS = 512
"""Positions of the relation model; pairs whose window is longer are not asked about, in evaluation
too."""

WINDOW_OVERLAP_TOKENS = 32
"""Tokens that neighbouring windows of a long sentence share."""


@dataclass(frozen=True, slots=True)
class TokenWindow:
    """Inner tokens [start, end) of an encoding (special tokens at both ends excluded)."""

    start: int
    end: int


def token_windows(encoding: Encoding, *, max_tokens: int, overlap: int) -> list[TokenWindow]:
    """Windows that cover every inner token of `encoding` and begin at the start of a word.

    Args:
        encoding: a text with one special token at each end.
        max_tokens: tokens per window, special tokens included.
        overlap: tokens that neighbouring windows share at least, where words allow.
    """
    inner_end = len(encoding.ids) - 1
    room = max_tokens - 2
    if inner_end - 1 <= room:
        return [TokenWindow(1, inner_end)]
    windows = []
    start = 1
    while True:
        end = min(start + room, inner_end)
        windows.append(TokenWindow(start, end))
        if end == inner_end:
            return windows
        start = _word_start(encoding, max(start + 1, end - overlap), floor=start + 1)


def reading_windows(
    text: str, sentences: Sequence[Span], encoder: TokenEncoder, *, max_tokens: int
) -> list[Span]:
    """Runs of whole sentences that fit into one reading; a longer sentence stands alone.

    Args:
        text: the whole text.
        sentences: of it, ordered and disjoint.
        encoder: counts the tokens.
        max_tokens: tokens of a reading, special tokens included.
    """
    encodings = encoder.encode([text[span.start : span.end] for span in sentences])
    runs: list[Span] = []
    room = 0
    for span, encoding in zip(sentences, encodings, strict=True):
        tokens = len(encoding.ids) - 2
        if runs and tokens <= room:
            runs[-1] = Span(runs[-1].start, span.end)
            room -= tokens
        else:
            runs.append(span)
            room = max_tokens - 2 - tokens
    return runs


@dataclass(frozen=True, slots=True)
class AskedText:
    """A text, its sentences, and the (drug, event) mentions that may be related in it."""

    text: str
    sentences: Sequence[Span]
    pairs: Sequence[tuple[Span, Span]]


def asked_windows(
    texts: Sequence[AskedText], encoder: TokenEncoder, *, max_tokens: int
) -> list[tuple[int, PairWindow, Encoding]]:
    """The windows in which pairs are asked about, each with the number of its text.

    A window that is too long for all of its pairs together is taken apart: a pair in a short
    sentence must not be lost for a long one beside it. What is too long alone is left out.

    Args:
        texts: any number.
        encoder: of the relation model.
        max_tokens: tokens of a window, special tokens included.
    """

    def encoded(
        windows: Sequence[tuple[int, PairWindow]],
    ) -> list[tuple[int, PairWindow, Encoding]]:
        encodings = encoder.encode(
            [texts[number].text[slice(*window.span)] for number, window in windows]
        )
        return [
            (number, window, encoding)
            for (number, window), encoding in zip(windows, encodings, strict=True)
        ]

    shared = encoded(
        [
            (number, window)
            for number, one in enumerate(texts)
            for window in shared_windows(one.sentences, one.pairs)
        ]
    )
    alone = encoded(
        [
            (number, part)
            for number, window, encoding in shared
            if len(encoding.ids) > max_tokens
            for part in apart(window, texts[number].sentences, texts[number].pairs)
        ]
    )
    return [found for found in (*shared, *alone) if len(found[2].ids) <= max_tokens]


def window_ids(encoding: Encoding, window: TokenWindow) -> list[int]:
    """Token ids of a window between the encoding's own special tokens."""
    return [encoding.ids[0], *encoding.ids[window.start : window.end], encoding.ids[-1]]


def stitch(
    encoding: Encoding, windows: Sequence[TokenWindow], rows: Sequence[FloatArray]
) -> FloatArray:
    """Probabilities of the windows to those of the whole text.

    Args:
        encoding: the whole text.
        windows: its windows.
        rows: per window [window tokens + 2, tags].

    Returns:
        [tokens, tags] for all tokens of `encoding`.
    """
    if len(windows) == 1:
        return rows[0]
    tokens = len(encoding.ids)
    stitched = np.zeros((tokens, rows[0].shape[1]), dtype=np.float32)
    best = np.full(tokens, -1, dtype=np.int64)
    stitched[0], stitched[-1] = rows[0][0], rows[-1][-1]
    for window, row in zip(windows, rows, strict=True):
        positions = np.arange(window.start, window.end)
        context = np.minimum(positions - window.start, window.end - 1 - positions)
        better = context > best[window.start : window.end]
        chosen = positions[better]
        best[chosen] = context[better]
        stitched[chosen] = row[1:-1][better]
    return stitched


def _word_start(encoding: Encoding, position: int, *, floor: int) -> int:
    start = position
    while start > floor and encoding.word_ids[start] == encoding.word_ids[start - 1]:
        start -= 1
    # One word longer than a window has no start to go back to: cut it where it is.
    same_word = encoding.word_ids[start] == encoding.word_ids[start - 1]
    return position if same_word else start
