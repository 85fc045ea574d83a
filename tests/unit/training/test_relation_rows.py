"""Pairs as rows of the relation model, in both forms."""

from dataclasses import replace

import pytest

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.contracts import Assertion
from services.core.windows import Form
from tests.fakes.documents import document
from training.models.relation import STATUSES
from training.rows.pairs import gold_pairs
from training.rows.relation import IGNORED, SPECULATED, collate, status_of, window_rows

pytestmark = pytest.mark.training

NOTE = document("[Zocor] with {rash}. No [aspirin] with {nausea}.", (("T1", "T2"),))


def test_a_window_holds_all_of_its_pairs(encoder: HuggingFaceTokenEncoder) -> None:
    pairs = gold_pairs([NOTE])
    (row,) = window_rows(pairs, encoder, form=Form.LEVITATED, max_tokens=64)
    # [CLS] zocor with rash . no aspirin with nausea . [SEP]
    assert sorted(zip(row.pairs, row.labels, strict=True)) == [
        ((1, 1, 3, 3), 1),
        ((1, 1, 8, 8), 0),
        ((6, 6, 3, 3), 0),
        ((6, 6, 8, 8), 0),
    ]
    assert sorted(row.sources) == [0, 1, 2, 3]


def test_a_marked_row_is_one_pair(encoder: HuggingFaceTokenEncoder) -> None:
    pairs = gold_pairs([NOTE])
    rows = window_rows(pairs, encoder, form=Form.MARKED, max_tokens=64)
    assert [row.labels for row in rows] == [(int(pair.caused),) for pair in pairs]
    assert [row.sources for row in rows] == [(0,), (1,), (2,), (3,)]


def test_windows_that_are_too_long_are_left_out(encoder: HuggingFaceTokenEncoder) -> None:
    for form in Form:
        assert window_rows(gold_pairs([NOTE]), encoder, form=form, max_tokens=5) == []


def test_a_window_that_is_too_long_for_all_of_its_pairs_is_taken_apart(
    encoder: HuggingFaceTokenEncoder,
) -> None:
    pairs = gold_pairs([NOTE])
    rows = window_rows(pairs, encoder, form=Form.LEVITATED, max_tokens=8)
    # Either sentence fits, both together do not; what needs both is left out.
    assert [(row.pairs, row.labels) for row in rows] == [
        (((1, 1, 3, 3),), (1,)),
        (((2, 2, 4, 4),), (0,)),
    ]
    assert [[pairs[source].event for source in row.sources] for row in rows] == [
        [NOTE.mentions[1].span],
        [NOTE.mentions[3].span],
    ]


def test_a_corpus_without_statuses_says_nothing_of_them(encoder: HuggingFaceTokenEncoder) -> None:
    (row,) = window_rows(gold_pairs([NOTE]), encoder, form=Form.LEVITATED, max_tokens=64)
    assert set(row.statuses) == {IGNORED}


@pytest.mark.parametrize(
    ("corpus", "status", "label"),
    [
        ("adewatch", "uncertain", STATUSES.index(Assertion.UNCERTAIN)),
        ("phee", "affirmed", STATUSES.index(Assertion.AFFIRMED)),
        ("phee", "uncertain", SPECULATED),
    ],
)
def test_a_status_that_a_corpus_does_not_divide_leaves_two_open(
    corpus: str, status: str, label: int
) -> None:
    made = document("[Zocor] with {rash}.", (("T1", "T2"),))
    (relation,) = made.relations
    made = replace(made, corpus=corpus, relations=(replace(relation, status=status),))
    (pair,) = gold_pairs([made])
    assert status_of(pair) == label


def test_a_batch_fills_up_tokens_and_pairs(encoder: HuggingFaceTokenEncoder) -> None:
    short = document("[Zocor] {rash}.", (("T1", "T2"),), doc_id="2")
    rows = window_rows(gold_pairs([NOTE, short]), encoder, form=Form.LEVITATED, max_tokens=64)
    batch = collate(rows)
    assert batch.input_ids.shape == (2, 11)
    assert batch.attention_mask.sum(dim=1).tolist() == [11, 5]
    assert batch.real.tolist() == [[True] * 4, [True, False, False, False]]
    assert batch.pairs[1, 1].tolist() == [-1] * 4
