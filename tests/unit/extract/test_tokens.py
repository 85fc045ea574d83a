"""Long sentences are read completely."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.core.model_ports import Encoding
from services.extract.tokens import stitch, token_windows, window_ids


def encoding(word_lengths: list[int]) -> Encoding:
    """Words of so many tokens each, between two special tokens."""
    words = [index for index, length in enumerate(word_lengths) for _ in range(length)]
    inner = len(words)
    return Encoding(
        ids=(101, *range(1000, 1000 + inner), 102),
        offsets=((0, 0), *((i, i + 1) for i in range(inner)), (0, 0)),
        word_ids=(None, *words, None),
    )


@given(
    word_lengths=st.lists(st.integers(1, 12), min_size=1, max_size=120),
    max_tokens=st.integers(8, 64),
    overlap=st.integers(0, 3),
)
def test_windows_cover_everything_and_fit(
    word_lengths: list[int], max_tokens: int, overlap: int
) -> None:
    text = encoding(word_lengths)
    windows = token_windows(text, max_tokens=max_tokens, overlap=overlap)
    covered = {token for window in windows for token in range(window.start, window.end)}
    assert covered == set(range(1, len(text.ids) - 1))
    for window in windows:
        ids = window_ids(text, window)
        assert len(ids) <= max_tokens
        assert (ids[0], ids[-1]) == (101, 102)
    starts = [window.start for window in windows]
    assert starts == sorted(set(starts))


@given(word_lengths=st.lists(st.integers(1, 5), min_size=1, max_size=80))
def test_stitched_probabilities_belong_to_their_tokens(word_lengths: list[int]) -> None:
    text = encoding(word_lengths)
    windows = token_windows(text, max_tokens=16, overlap=4)
    rows = [np.array(window_ids(text, window), dtype=np.float32)[:, None] for window in windows]
    assert stitch(text, windows, rows)[:, 0].tolist() == list(text.ids)


def test_windows_begin_at_words() -> None:
    text = encoding([3] * 20)
    for window in token_windows(text, max_tokens=16, overlap=4):
        assert text.word_ids[window.start] != text.word_ids[window.start - 1]


def test_a_short_text_is_one_window() -> None:
    text = encoding([1, 2])
    (window,) = token_windows(text, max_tokens=128, overlap=32)
    assert window_ids(text, window) == list(text.ids)
