"""A causal language model that proposes words: DistilGPT-2, or any other by name or folder."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from training.augmentation.rewriting import Gap
from training.errors import TrainingError

WORD_STARTS = ("Ġ", "▁")
"""How tokens of the usual vocabularies say that a word begins."""

MOST_CHARACTERS = 1_000
"""Of a text on either side that are turned into tokens at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far the model looks, and how much it proposes.

    Attributes:
        before: tokens before the word.
        after: tokens after it; they decide which of the likely words fits the rest.
        words: proposals that are compared per word.
        worse: nats that a proposal may be less likely than the word that stands there.
    """

    before: int = 32
    after: int = 8
    words: int = 8
    worse: float = 3.0


class CausalProposer:
    """Words that are likely after what comes before and before what comes after.

    Only words of one token are proposed: the text that follows then surely begins a new word.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, seed: int, reach: Reach | None = None
    ) -> None:
        """Build a proposer.

        Args:
            model: causal, in evaluation mode.
            tokenizer: of the model.
            seed: the same seed proposes the same words in the same order.
            reach: how far it looks.

        Raises:
            TrainingError: the model has no tokens that are words.
        """
        self._model, self._tokenizer, self._seed = model, tokenizer, seed
        self._reach = reach or Reach()
        self._words = {
            number: token[1:]
            for token, number in tokenizer.get_vocab().items()
            if token.startswith(WORD_STARTS)
            and token[1:].isascii()
            and token[1:].islower()
            and token[1:].isalpha()
        }
        if not self._words:
            raise TrainingError("the vocabulary of the language model has no whole words")
        self._is_word = torch.zeros(len(tokenizer), dtype=torch.bool)
        self._is_word[list(self._words)] = True

    def __call__(self, gaps: Sequence[Gap]) -> list[list[str]]:
        """Per gap the proposals in an order that likelihood and chance decide together."""
        return [self._proposals(gap, number) for number, gap in enumerate(gaps)]

    def _proposals(self, gap: Gap, number: int) -> list[str]:
        before = self._ids(gap.before[-MOST_CHARACTERS:].rstrip())[-self._reach.before :]
        old = self._ids(" " + gap.word)
        after = self._ids(gap.after[:MOST_CHARACTERS])[: self._reach.after]
        if not before:
            return []
        with torch.inference_mode():
            likely = self._model(input_ids=torch.tensor([before])).logits[0, -1].float()
            likely = likely[: len(self._is_word)].masked_fill(~self._is_word, -math.inf)
            count = min(self._reach.words, len(self._words))
            new = [[int(token)] for token in likely.topk(count).indices]
            scores = self._scores(before, [old, *new], after)
        rng = random.Random(f"{self._seed}:{number}")  # noqa: S311 - an order, no secret
        least = scores[0] - self._reach.worse
        # Adding Gumbel noise and sorting draws without replacement by the likelihoods.
        drawn = [
            (score - math.log(-math.log(rng.uniform(1e-9, 1 - 1e-9))), self._words[token])
            for [token], score in zip(new, scores[1:], strict=True)
            if score >= least
        ]
        return [word for _, word in sorted(drawn, reverse=True)]

    def _scores(
        self, before: Sequence[int], words: Sequence[Sequence[int]], after: Sequence[int]
    ) -> list[float]:
        """log p(word and what follows | what precedes), of each word."""
        rows = [[*before, *word, *after] for word in words]
        width = max(map(len, rows))
        ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])
        # Padding stands behind everything, where no token that counts can see it.
        logits = self._model(input_ids=ids).logits[:, :-1].float()
        chosen = logits.log_softmax(dim=-1).gather(-1, ids[:, 1:, None])[..., 0]
        first = len(before) - 1
        return [float(chosen[n, first : len(row) - 1].sum()) for n, row in enumerate(rows)]

    def _ids(self, text: str) -> list[int]:
        found: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return found


def load_proposer(name: str, *, seed: int) -> CausalProposer:
    """A proposer from a model's name or folder.

    Raises:
        TrainingError: there is no such model, or it cannot be reached.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(name)
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"no causal language model {name!r}: {type(error).__name__}; "
            "give a folder that holds one"
        ) from error
    return CausalProposer(model.eval(), tokenizer, seed=seed)
