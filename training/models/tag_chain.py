"""The loss of a linear-chain CRF over tags, one chain per type (see `services.core.tag_chain`).

The chains are weights of their own beside the head; the graph that is served has no part in them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from services.core.bio import OUTSIDE, TAGS, TYPES, TagChains
from services.core.tag_chain import TagChain

FORBIDDEN = -1e4
"""Added to what gold excludes: e to this power is 0 in 32 bits, and gradients stay finite."""


SCALE = 30.0
"""Chains are so many times their weights, and therefore learn so many times as fast: at the rate of
an encoder they would hardly move."""

UNLIKELY = -5.0
"""What a continuation after *outside* begins with."""


class ChainLayer(nn.Module):
    """Start, transitions and end of the chain of every type.

    At first words are independent, but that a continuation hardly follows *outside*.
    """

    def __init__(self) -> None:
        super().__init__()
        types, tags = len(TYPES), len(TAGS)
        transitions = torch.zeros(types, tags, tags)
        transitions[:, TAGS.index(OUTSIDE), TAGS.index("I")] = UNLIKELY / SCALE
        self.start = nn.Parameter(torch.zeros(types, tags))
        self.transitions = nn.Parameter(transitions)
        self.end = nn.Parameter(torch.zeros(types, tags))

    def loss(self, logits: Tensor, tags: Tensor, words: Tensor, *, ignored: int) -> Tensor:
        """``−log p(known tags)`` over all words and types, per known tag, in 32 bits.

        Words whose tag is not known may have any: p sums over the sequences that gold allows. A
        type that a row does not annotate at all contributes nothing.

        Args:
            logits: of words, [batch, words, types, tags].
            tags: ids, [batch, words, types].
            words: [batch, words], True for words, False for what fills up; the first one of
                every row is True.
            ignored: the id of *not known*.

        Returns:
            A scalar, 0 if no tag is known.
        """
        emissions = logits.float()
        known = (tags != ignored) & words.unsqueeze(-1)
        numbers = torch.arange(len(TAGS), device=tags.device)
        excluded = known.unsqueeze(-1) & (tags.unsqueeze(-1) != numbers)
        every = self._log_sum(emissions, words)
        allowed = self._log_sum(emissions.masked_fill(excluded, FORBIDDEN), words)
        return (every - allowed).sum() / known.sum().clamp(min=1)

    def chains(self) -> TagChains:
        """As numbers that decoding takes."""
        start, transitions, end = (
            (SCALE * one.detach().double()).tolist()
            for one in (self.start, self.transitions, self.end)
        )
        return {
            type_: TagChain(
                tuple(start[place]), tuple(map(tuple, transitions[place])), tuple(end[place])
            )
            for place, type_ in enumerate(TYPES)
        }

    def adopt(self, chains: TagChains) -> None:
        """Take the numbers that `chains` gave of another layer."""
        with torch.no_grad():
            for place, type_ in enumerate(TYPES):
                self.start[place] = torch.tensor(chains[type_].start) / SCALE
                self.transitions[place] = torch.tensor(chains[type_].transitions) / SCALE
                self.end[place] = torch.tensor(chains[type_].end) / SCALE

    def _log_sum(self, emissions: Tensor, words: Tensor) -> Tensor:
        """Log of the summed exponentials of the scores of all sequences, [batch, types]."""
        score = SCALE * self.start + emissions[:, 0]
        for word in range(1, emissions.shape[1]):
            through = score.unsqueeze(-1) + SCALE * self.transitions
            onward = through.logsumexp(dim=-2) + emissions[:, word]
            score = torch.where(words[:, word, None, None], onward, score)
        return (score + SCALE * self.end).logsumexp(dim=-1)
