"""Batches of rows of similar length, and batches that keep groups together. Pure and seeded."""

from __future__ import annotations

import random
from collections.abc import Sequence


def bucketed_batches(
    lengths: Sequence[int], *, max_tokens: int, max_rows: int, seed: int
) -> list[list[int]]:
    """Every row once, in batches of rows of similar length, in random order.

    Args:
        lengths: tokens per row.
        max_tokens: padded tokens per batch; a longer row gets a batch of its own.
        max_rows: rows per batch.
        seed: the same seed gives the same batches.
    """
    return grouped_batches(
        lengths, list(range(len(lengths))), max_tokens=max_tokens, max_rows=max_rows, seed=seed
    )


def grouped_batches(
    lengths: Sequence[int],
    groups: Sequence[int],
    *,
    max_tokens: int,
    max_rows: int,
    seed: int,
) -> list[list[int]]:
    """Like `bucketed_batches`, but rows of one group are in one batch if they fit into one.

    Rows are ordered by the length of the longest row of their group, with a random jitter so
    that the batches differ between epochs.
    """
    rng = random.Random(seed)  # noqa: S311 - an order, no secret
    members: dict[int, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    keyed = sorted(
        (max(lengths[index] for index in indices) * rng.uniform(0.9, 1.1), rng.random(), indices)
        for indices in members.values()
    )
    batches: list[list[int]] = []
    batch: list[int] = []
    longest = 0
    for _, _, indices in keyed:
        for part in _parts(indices, lengths, max_tokens, max_rows):
            longer = max(longest, *(lengths[index] for index in part))
            size = len(batch) + len(part)
            if batch and (size > max_rows or longer * size > max_tokens):
                batches.append(batch)
                batch, longest = [], 0
            batch = [*batch, *part]
            longest = max(longest, *(lengths[index] for index in part))
    if batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def _parts(
    indices: Sequence[int], lengths: Sequence[int], max_tokens: int, max_rows: int
) -> list[list[int]]:
    """A group that fits into no batch, in parts that do."""
    room = max(1, min(max_rows, max_tokens // max(lengths[index] for index in indices)))
    return [list(indices[start : start + room]) for start in range(0, len(indices), room)]
