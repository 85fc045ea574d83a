from training.rows.sampling import bucketed_batches, grouped_batches

LENGTHS = [5, 40, 7, 6, 38, 5, 41, 6, 8, 39]


def test_every_row_comes_once() -> None:
    batches = bucketed_batches(LENGTHS, max_tokens=90, max_rows=4, seed=1)
    assert sorted(index for batch in batches for index in batch) == list(range(10))


def test_batches_keep_both_limits() -> None:
    for batch in bucketed_batches(LENGTHS, max_tokens=90, max_rows=4, seed=1):
        assert len(batch) <= 4
        assert len(batch) * max(LENGTHS[index] for index in batch) <= 90


def test_rows_of_similar_length_are_together() -> None:
    batches = bucketed_batches(LENGTHS, max_tokens=90, max_rows=4, seed=1)
    # Short rows and long rows meet in no batch but the one at the border.
    mixed = [batch for batch in batches if len({LENGTHS[index] > 20 for index in batch}) == 2]
    assert len(mixed) <= 1


def test_a_row_beyond_the_limit_has_its_own_batch() -> None:
    assert sorted(bucketed_batches([100, 3], max_tokens=10, max_rows=4, seed=1)) == [[0], [1]]


def test_the_seed_decides() -> None:
    def batches(seed: int) -> list[list[int]]:
        return bucketed_batches(LENGTHS * 5, max_tokens=60, max_rows=4, seed=seed)

    assert batches(1) == batches(1)
    assert batches(1) != batches(2)


def test_a_group_stays_together() -> None:
    groups = [0, 1, 0, 2, 1, 2, 3, 0, 3, 4]
    batches = grouped_batches(LENGTHS, groups, max_tokens=200, max_rows=5, seed=3)
    for group in range(5):
        holding = [batch for batch in batches if any(groups[index] == group for index in batch)]
        assert len(holding) == 1


def test_a_group_larger_than_a_batch_is_divided() -> None:
    batches = grouped_batches([10] * 5, [0] * 5, max_tokens=20, max_rows=9, seed=3)
    assert sorted(map(len, batches)) == [1, 2, 2]


def test_nothing_gives_nothing() -> None:
    assert bucketed_batches([], max_tokens=10, max_rows=2, seed=1) == []
