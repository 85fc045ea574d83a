"""Rows of very different lengths to padded batches that waste little.

Rows of all notes of a batch are sorted by length before they are cut into batches, so that short
sentences do not pay for the padding of long ones; the order is restored afterwards. Equal rows go
once: notes repeat themselves and each other, by template and by copying forward.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.core.errors import DependencyTooSlow
from services.core.model_ports import FloatArray, IntArray, TokenModel

PADDING_ID = 0
"""Id of [PAD] in the vocabularies of BERT."""

NO_PAIR = -1
"""Fills up rows that ask about fewer pairs than others."""

Quad = tuple[int, int, int, int]
"""First and last token of a drug mention and of an event mention."""

LEAST_TOKENS = 128
"""Of a request to a server that is too slow for more."""

_STEPS = 16
"""Answered runs after which as much is asked for as ever."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Probabilities per row, in the order of the rows and without padding, with the versions of
    the model that answered (more than one while a new version is being loaded).

    `statuses` has one array per row where the model was asked about pairs, else it is empty.
    """

    rows: list[FloatArray]
    versions: frozenset[str]
    statuses: list[FloatArray]


def length_batches(
    lengths: Sequence[int], *, max_tokens: int, max_rows: int
) -> Iterator[list[int]]:
    """Indices of rows, longest first, in batches of at most `max_tokens` padded tokens.

    A row longer than `max_tokens` gets a batch of its own.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        size = max(1, min(max_rows, max_tokens // longest))
        yield order[start : start + size]
        start += size


def pad(rows: Sequence[Sequence[int]]) -> tuple[IntArray, IntArray]:
    """Token ids to `input_ids` and `attention_mask`, both [rows, longest] INT64."""
    width = max(len(row) for row in rows)
    input_ids = np.full((len(rows), width), PADDING_ID, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for index, row in enumerate(rows):
        input_ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return input_ids, mask


def pad_pairs(rows: Sequence[Sequence[Quad]]) -> IntArray:
    """Pairs per row to one array [rows, most pairs, 4], filled up with `NO_PAIR`."""
    padded = np.full((len(rows), max(len(row) for row in rows), 4), NO_PAIR, dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded


class BatchedModel:
    """Runs any number of rows through a model, a bounded number of requests at a time.

    After a run in which the server was too slow, requests have half as many tokens; each run that
    it answers adds a sixteenth of the most again. Asked for the same over and over, a server
    that is slower than the time limit allows would never finish anything.
    """

    def __init__(
        self, model: TokenModel, *, max_tokens: int, max_rows: int = 64, parallel: int = 4
    ) -> None:
        self._model = model
        self._max_tokens = self._tokens = max_tokens
        self._max_rows = max_rows
        self._parallel = parallel

    async def run(
        self, rows: Sequence[Sequence[int]], pairs: Sequence[Sequence[Quad]] | None = None
    ) -> Answers:
        """Probabilities of every row.

        Args:
            rows: token ids per row.
            pairs: per row the pairs that a levitated relation model is asked about.

        Returns:
            Per row [tokens, columns] of the ner model, or [pairs, classes] of the relation model
            (one pair in its marked form).

        Raises:
            DependencyTooSlow: the inference server did not answer in time.
            DependencyUnavailable: it did not answer for another reason.
        """
        asked: Sequence[Sequence[Quad]] = [()] * len(rows) if pairs is None else pairs
        keys = [(tuple(row), tuple(quads)) for row, quads in zip(rows, asked, strict=True)]
        place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        answers = await self._run(
            [row for row, _ in place], None if pairs is None else [quads for _, quads in place]
        )
        places = [place[key] for key in keys]
        return Answers(
            [answers.rows[number] for number in places],
            answers.versions,
            [answers.statuses[number] for number in places] if answers.statuses else [],
        )

    async def _run(
        self, rows: Sequence[Sequence[int]], pairs: Sequence[Sequence[Quad]] | None
    ) -> Answers:
        answers: list[FloatArray | None] = [None] * len(rows)
        statuses: list[FloatArray | None] = [None] * len(rows)
        versions: set[str] = set()
        batches = length_batches(
            [len(row) for row in rows], max_tokens=self._tokens, max_rows=self._max_rows
        )

        async def work() -> None:
            # All workers share one iterator: the queue of batches is never materialised.
            for indices in batches:
                input_ids, mask = pad([rows[index] for index in indices])
                asked = None if pairs is None else pad_pairs([pairs[index] for index in indices])
                inference = await self._model.infer(input_ids, mask, asked)
                versions.add(inference.version)
                for place, index in enumerate(indices):
                    # Of a row of tokens or of pairs, without what fills it up; a marked row of
                    # the relation model has its one pair, which is never more than its tokens.
                    length = len(rows[index]) if pairs is None else len(pairs[index])
                    answers[index] = inference.probabilities[place][:length]
                    if inference.statuses is not None:
                        statuses[index] = inference.statuses[place][:length]

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._parallel):
                    group.create_task(work())
        except ExceptionGroup as errors:
            # Callers handle one failure; the others were cancelled because of it.
            failure = errors.exceptions[0]
            if isinstance(failure, DependencyTooSlow):
                self._tokens = max(self._tokens // 2, min(LEAST_TOKENS, self._max_tokens))
            raise failure from None
        self._tokens = min(self._tokens + max(self._max_tokens // _STEPS, 1), self._max_tokens)
        return Answers(
            [answer for answer in answers if answer is not None],
            frozenset(versions),
            [answer for answer in statuses if answer is not None],
        )
