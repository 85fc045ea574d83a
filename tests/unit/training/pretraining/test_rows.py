"""Rows of whole sentences and hidden words, and batches that follow from their number."""

import random

import pytest

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from training.pretraining.rows import (
    IGNORED,
    NO_WORD,
    Masking,
    TextRow,
    batch_rows,
    epoch_of,
    fingerprint,
    mask_words,
    pack,
)

pytestmark = pytest.mark.training

ROW = TextRow((2, *range(10, 30), 3), (NO_WORD, *(n // 2 for n in range(20)), NO_WORD))


def test_short_sentences_share_a_row_and_words_are_numbered_on(
    encoder: HuggingFaceTokenEncoder,
) -> None:
    (row,) = pack(["She had nausea.", "No rashs."], encoder, max_tokens=16)
    # [CLS] she had nausea . no rash ##s . [SEP]
    assert row.ids == (2, 4, 5, 11, 14, 10, 7, 15, 14, 3)
    assert row.words == (NO_WORD, 0, 1, 2, 3, 4, 5, 5, 6, NO_WORD)


def test_no_row_is_longer_than_it_may_be_and_no_token_is_lost(
    encoder: HuggingFaceTokenEncoder,
) -> None:
    rows = list(pack(["she had", "a rash " * 9, "no nausea"], encoder, max_tokens=10))
    assert all(len(row.ids) <= 10 for row in rows)
    inner = [token for row in rows for token in row.ids[1:-1]]
    assert inner == [4, 5, *[6, 7] * 9, 10, 11]
    assert list(pack([], encoder, max_tokens=10)) == []


def masking(share: float) -> Masking:
    return Masking(mask_id=99, ordinary=range(10, 30), share=share)


def test_words_are_hidden_with_all_of_their_pieces() -> None:
    for seed in range(50):
        row = mask_words(ROW, masking(0.15), random.Random(seed))
        hidden = [place for place, label in enumerate(row.labels) if label != IGNORED]
        # 0.15 of 20 tokens is 3, so two words of two pieces each.
        assert len(hidden) == 4
        assert len({ROW.words[place] for place in hidden}) == 2
        assert [row.labels[place] for place in hidden] == [ROW.ids[place] for place in hidden]
        shown = set(range(22)) - set(hidden)
        assert all(row.ids[place] == ROW.ids[place] for place in shown)


def test_hidden_words_are_mostly_masked_and_some_replaced_or_left() -> None:
    fates = {"masked": 0, "left": 0, "replaced": 0}
    for seed in range(400):
        row = mask_words(ROW, masking(0.05), random.Random(seed))
        (first, _) = [place for place, label in enumerate(row.labels) if label != IGNORED]
        if row.ids[first] == 99:
            fates["masked"] += 1
        else:
            fates["left" if row.ids[first] == ROW.ids[first] else "replaced"] += 1
    assert 290 < fates["masked"] < 350
    assert fates["left"] > 15
    assert fates["replaced"] > 15


def test_an_epoch_has_every_row_once_and_the_next_another_order() -> None:
    first = [batch_rows(number, 10, size=3, seed=1) for number in range(3)]
    second = [batch_rows(number, 10, size=3, seed=1) for number in range(3, 6)]
    rows = [row for batch in first for row in batch]
    assert len(set(rows)) == len(rows) == 9
    assert first != second
    assert batch_rows(4, 10, size=3, seed=1) == second[1]
    assert sorted(batch_rows(0, 2, size=3, seed=1)) == [0, 1]
    assert [epoch_of(number, 10, size=3) for number in range(7)] == [0, 0, 0, 1, 1, 1, 2]


def test_other_rows_have_another_fingerprint() -> None:
    other = TextRow((*ROW.ids[:-1], 4), ROW.words)
    assert fingerprint([ROW]) == fingerprint([ROW]) != fingerprint([other])
