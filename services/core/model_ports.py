"""What reading notes needs of the neural models, as protocols: a tokenizer and an inference server.

Failures are those of `services.core.ports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text as the models see it.

    Attributes:
        ids: token ids with the special tokens of the model, shape [tokens].
        offsets: (start, end) in characters of the text per token; (0, 0) for special tokens.
        word_ids: index of the pre-tokenised word per token; None for special tokens.
    """

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    word_ids: tuple[int | None, ...]


class TokenEncoder(Protocol):
    """Text to token ids, with the tokenizer of a trained model. Never truncates."""

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """One encoding per text, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Inference:
    """What a model answered.

    Attributes:
        probabilities: [batch, tokens, columns] for ner, [batch, pairs, classes] for relation.
        version: the version of the model that answered.
        statuses: [batch, pairs, statuses] of a relation model that has a head for them.
    """

    probabilities: FloatArray
    version: str
    statuses: FloatArray | None = None


class TokenModel(Protocol):
    """A neural model behind an inference server: token ids in, probabilities out."""

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        """Run one padded batch.

        Args:
            input_ids: shape [batch, tokens].
            attention_mask: shape [batch, tokens], 1 for tokens and 0 for padding.
            pairs: what a relation model of the levitated form is asked about: first and last
                token of drug and event, shape [batch, pairs, 4], -1 for padding.
        """
        ...
