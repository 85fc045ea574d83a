"""Rows go out sorted by length and come back in their own order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import DependencyTooSlow, DependencyUnavailable
from services.core.model_ports import Inference, IntArray
from services.extract.batching import BatchedModel, length_batches, pad


class Echo:
    """A token model whose probabilities are its input."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        if pairs is not None:
            return Inference(pairs.astype(np.float32), "7", -pairs.astype(np.float32))
        self.shapes.append((input_ids.shape[0], input_ids.shape[1]))
        assert (attention_mask == (input_ids > 0)).all()
        return Inference(input_ids[:, :, None].astype(np.float32), "7")


class Slow(Echo):
    """Answers no request of more tokens than it can in time."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        if input_ids.size > self.most:
            raise DependencyTooSlow("triton")
        return await super().infer(input_ids, attention_mask, pairs)


def rows_of(length: int, number: int) -> list[list[int]]:
    """Different rows of one length."""
    return [[1 + row] * length for row in range(number)]


class Broken:
    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        raise DependencyUnavailable("triton")


@given(
    lengths=st.lists(st.integers(1, 300), max_size=50),
    max_tokens=st.integers(1, 1000),
    max_rows=st.integers(1, 20),
)
def test_every_row_is_in_one_batch_within_the_limits(
    lengths: list[int], max_tokens: int, max_rows: int
) -> None:
    batches = list(length_batches(lengths, max_tokens=max_tokens, max_rows=max_rows))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[index] for index in batch)
        assert len(batch) == 1 or len(batch) * longest <= max_tokens
        assert len(batch) <= max_rows


def test_padding_is_masked() -> None:
    ids, mask = pad([[5, 6, 7], [8]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert ids.dtype == mask.dtype == np.int64


async def test_answers_come_back_in_order_and_without_padding() -> None:
    model = Echo()
    rows = [[1] * 3, [2] * 50, [3], [4] * 7]
    answers = await BatchedModel(model, max_tokens=64, parallel=3).run(rows)
    assert [row[:, 0].tolist() for row in answers.rows] == rows
    assert answers.versions == {"7"}
    assert model.shapes[0] == (1, 50)


async def test_pairs_come_back_with_their_row_and_without_padding() -> None:
    rows = [[1] * 3, [2] * 9, [3]]
    pairs = [[(1, 1, 2, 2)], [(1, 2, 3, 4), (5, 6, 7, 8)], [(0, 0, 0, 0)]]
    answers = await BatchedModel(Echo(), max_tokens=64).run(rows, pairs)
    assert [[tuple(pair) for pair in row] for row in answers.rows] == pairs
    assert [(-row).tolist() for row in answers.statuses] == [row.tolist() for row in answers.rows]


async def test_no_rows_ask_nothing() -> None:
    model = Echo()
    answers = await BatchedModel(model, max_tokens=64).run([])
    assert answers.rows == []
    assert model.shapes == []


async def test_equal_rows_go_once_and_each_gets_its_answer() -> None:
    model = Echo()
    rows = [[1, 2], [3], [1, 2], [3], [3, 3], [1, 2]]
    answers = await BatchedModel(model, max_tokens=64).run(rows)
    assert [row[:, 0].tolist() for row in answers.rows] == rows
    assert sum(count for count, _ in model.shapes) == 3


async def test_equal_rows_with_different_pairs_are_different() -> None:
    rows = [[1, 2], [1, 2], [1, 2]]
    pairs = [[(1, 1, 2, 2)], [(2, 2, 1, 1)], [(1, 1, 2, 2)]]
    answers = await BatchedModel(Echo(), max_tokens=64).run(rows, pairs)
    assert [[tuple(pair) for pair in row] for row in answers.rows] == pairs
    assert [(-row).tolist() for row in answers.statuses] == [row.tolist() for row in answers.rows]


async def test_a_failure_is_raised_as_itself() -> None:
    with pytest.raises(DependencyUnavailable):
        await BatchedModel(Broken(), max_tokens=8, parallel=4).run(rows_of(1, 40))


async def test_a_server_that_is_too_slow_is_asked_for_less_and_for_more_again() -> None:
    model, rows = Slow(300), rows_of(100, 40)
    batched = BatchedModel(model, max_tokens=4096)
    for _ in range(4):
        with pytest.raises(DependencyTooSlow):
            await batched.run(rows)
    assert len((await batched.run(rows)).rows) == 40
    assert max(model.shapes) == (2, 100)  # a sixteenth of the most
    model.most = 1_000_000
    for _ in range(15):
        await batched.run(rows)
    assert model.shapes[-1] == (40, 100)


async def test_a_server_that_stays_too_slow_is_asked_for_little_but_for_something() -> None:
    batched = BatchedModel(Slow(128), max_tokens=1024)
    for _ in range(10):
        with pytest.raises(DependencyTooSlow):
            await batched.run(rows_of(129, 1))
    assert len((await batched.run(rows_of(10, 30))).rows) == 30


async def test_a_server_that_was_away_is_asked_for_as_much_as_before() -> None:
    model = Slow(1_000_000)
    batched = BatchedModel(model, max_tokens=4096)
    batched._model = Broken()
    with pytest.raises(DependencyUnavailable):
        await batched.run(rows_of(100, 40))
    batched._model = model
    await batched.run(rows_of(100, 40))
    assert model.shapes == [(40, 100)]
