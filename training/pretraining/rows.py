"""Sentences as rows of tokens, and the masking of whole words. Pure and seeded."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from services.core.model_ports import Encoding, TokenEncoder

IGNORED = -100
"""Label of a token that is not to be guessed."""

NO_WORD = -1
"""Word of a special token."""

SENTENCES_PER_CALL = 512


@dataclass(frozen=True, slots=True)
class TextRow:
    """Whole sentences, one after the other, between the special tokens.

    Attributes:
        ids: token ids.
        words: per token the number of its word in the row; `NO_WORD` for special tokens.
    """

    ids: tuple[int, ...]
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MaskedRow:
    """A row with words to guess.

    Attributes:
        ids: what the model sees.
        labels: the tokens of the words to guess; `IGNORED` elsewhere.
    """

    ids: tuple[int, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """How words are hidden: of those chosen 80% are masked, 10% replaced, 10% left.

    Attributes:
        mask_id: of [MASK].
        ordinary: ids that may replace a token: all but special ones.
        share: of the tokens that belong to chosen words.
    """

    mask_id: int
    ordinary: Sequence[int]
    share: float = 0.15


def pack(sentences: Iterable[str], encoder: TokenEncoder, *, max_tokens: int) -> Iterator[TextRow]:
    """Rows of at most `max_tokens` tokens; a sentence that is longer is cut.

    Sentences are packed whatever document they are of, so that short ones fill rows too.
    """
    row = _Row()
    sentences = iter(sentences)
    while chunk := list(islice(sentences, SENTENCES_PER_CALL)):
        for encoding in encoder.encode(chunk):
            for piece in _pieces(encoding, max_tokens - 2):
                if row.tokens and len(row.tokens) + len(piece) > max_tokens - 2:
                    yield row.finished()
                    row = _Row()
                row.add(encoding, piece)
    if row.tokens:
        yield row.finished()


def mask_words(row: TextRow, masking: Masking, rng: random.Random) -> MaskedRow:
    """Hide whole words until at least `share` of the tokens belong to hidden ones.

    A word is hidden with all of its pieces, else its rest would give it away (Cui et al.,
    arXiv:1906.08101).
    """
    members: dict[int, list[int]] = {}
    for place, word in enumerate(row.words):
        if word != NO_WORD:
            members.setdefault(word, []).append(place)
    wanted = masking.share * sum(map(len, members.values()))
    ids, labels = list(row.ids), [IGNORED] * len(row.ids)
    hidden = 0
    for word in rng.sample(list(members), len(members)):
        if hidden >= wanted:
            break
        hidden += len(members[word])
        fate = rng.random()
        for place in members[word]:
            labels[place] = row.ids[place]
            if fate < 0.8:
                ids[place] = masking.mask_id
            elif fate < 0.9:
                ids[place] = rng.choice(masking.ordinary)
    return MaskedRow(tuple(ids), tuple(labels))


def batch_rows(number: int, rows: int, *, size: int, seed: int) -> list[int]:
    """Rows of the batch with this number, counted from 0 over all epochs.

    Every epoch shuffles anew and leaves out what fills no batch. It follows from the arguments
    alone, so that an interrupted training goes on with the batch that would have come.

    Args:
        number: of the batch.
        rows: how many there are.
        size: rows of a batch; all rows if there are fewer.
        seed: of the orders.
    """
    epoch = epoch_of(number, rows, size=size)
    place = number - epoch * max(1, rows // size)
    return list(_order(rows, seed, epoch)[place * size : (place + 1) * size])


def epoch_of(number: int, rows: int, *, size: int) -> int:
    """The epoch of the batch with this number; see `batch_rows`."""
    return number // max(1, rows // size)


def fingerprint(rows: Iterable[TextRow]) -> str:
    """Tells other rows or another order apart."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(row.ids).encode())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=2)
def _order(rows: int, seed: int, epoch: int) -> tuple[int, ...]:
    order = list(range(rows))
    random.Random(f"{seed}:{epoch}").shuffle(order)  # noqa: S311 - an order, no secret
    return tuple(order)


def _pieces(encoding: Encoding, room: int) -> list[range]:
    inner = range(1, len(encoding.ids) - 1)
    return [inner[start : start + room] for start in range(0, len(inner), room)]


class _Row:
    """A row in the making."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self._words: list[int] = []
        self._ends = (0, 0)

    def add(self, encoding: Encoding, piece: range) -> None:
        """Append the tokens of a sentence, its words numbered on."""
        first = self._words[-1] + 1 if self._words else 0
        number = first - 1
        previous: int | None = None
        for place in piece:
            word = encoding.word_ids[place]
            if word != previous or word is None:
                number, previous = number + 1, word
            self.tokens.append(encoding.ids[place])
            self._words.append(number)
        self._ends = (encoding.ids[0], encoding.ids[-1])

    def finished(self) -> TextRow:
        """The row between the special tokens of the encoder."""
        opening, closing = self._ends
        return TextRow((opening, *self.tokens, closing), (NO_WORD, *self._words, NO_WORD))
