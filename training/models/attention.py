"""Multi-head scaled dot-product attention that also returns its weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """``MultiHead(Q, X, X; m)`` with its weights, for explanation."""

    def __init__(self, width: int, heads: int, *, dropout: float) -> None:
        """Raises: ValueError: the heads do not divide the width."""
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}")
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: Tensor, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Attend from queries to states.

        Args:
            queries: [batch, queries, d].
            states: [batch, tokens, d], keys and values.
            mask: [batch, tokens], 1 for tokens.

        Returns:
            [batch, queries, d] and the weights [batch, heads, queries, tokens].
        """
        query = self._split(self.query(queries))
        key, value = self._split(self.key(states)), self._split(self.value(states))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        # Weights of padding become exactly 0, whatever the width of the batch.
        scores = scores.masked_fill(mask[:, None, None, :] == 0, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=-1)
        mixed = (self.dropout(weights) @ value).transpose(1, 2).flatten(2)
        attended: Tensor = self.out(mixed)
        return attended, weights

    def _split(self, states: Tensor) -> Tensor:
        batch, tokens, width = states.shape
        return states.reshape(batch, tokens, self.heads, width // self.heads).transpose(1, 2)
