"""The contrastive dual-attention model of drug–event relations.

Input is a window of up to four sentences with `<DRUG>…</DRUG>` and `<ADE>…</ADE>` around the two
mentions. With X ∈ R^{tokens × d} the encoder's states and m the attention mask::

    e_D = mean of X over the tokens of the drug mention and its opening marker      (e_A likewise)
    q   = W_q [e_D ; e_A] + b_q                                  the pair as one query
    H_e = q + MultiHead(q, X, X; m)                              entity-pair attention, 1 × d
    H_c = X + MultiHead(X, X, X; m)                              contextual attention, tokens × d
    z   = [pool(H_e) ; pool_m(H_c)]                              2d; pool is the (masked) mean
    z′  = W_2 GELU(W_1 z + b_1) + b_2                            non-linear projection
    z″  = LayerNorm(z′)                                          what InfoNCE compares
    logits = W_c z″ + b_c                                        none, caused

MultiHead is scaled dot-product attention: per head ``softmax(QKᵀ/√d_h, masked by m) V``, the
heads concatenated and projected. The mentions are found within the graph from the ids of the
markers, so that the served model takes only token ids and a mask.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.models.encoder import Encoder

CLASSES = ("none", "caused")
CAUSED = CLASSES.index("caused")


@dataclass(frozen=True, slots=True)
class RelationOutput:
    """What the model computes of a batch.

    Attributes:
        logits: [batch, classes].
        vectors: z″, [batch, d].
        pair_attention: entity-pair attention, [batch, heads, tokens]; sums to 1 over unmasked
            tokens.
        context_attention: [batch, heads, tokens, tokens]; each row likewise.
    """

    logits: Tensor
    vectors: Tensor
    pair_attention: Tensor
    context_attention: Tensor


class Attention(nn.Module):
    """Multi-head scaled dot-product attention that also returns its weights."""

    def __init__(self, width: int, heads: int, *, dropout: float) -> None:
        super().__init__()
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


class DualAttention(nn.Module):
    """Both attentions over encoder states, pooled and concatenated."""

    def __init__(self, width: int, heads: int, *, dropout: float) -> None:
        super().__init__()
        self.combine = nn.Linear(2 * width, width)
        self.pair = Attention(width, heads, dropout=dropout)
        self.context = Attention(width, heads, dropout=dropout)

    def forward(
        self, states: Tensor, mask: Tensor, drug: Tensor, event: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """z and the two attention weights.

        Args:
            states: X, [batch, tokens, d].
            mask: [batch, tokens].
            drug: [batch, tokens], 1 at the tokens of the drug mention; `event` likewise.

        Returns:
            z [batch, 2d], pair attention [batch, heads, tokens], context attention
            [batch, heads, tokens, tokens].
        """
        query = self.combine(torch.cat([_mean(states, drug), _mean(states, event)], dim=-1))
        query = query.unsqueeze(1)
        attended, pair_weights = self.pair(query, states, mask)
        about_pair = (query + attended).mean(dim=1)
        attended, context_weights = self.context(states, states, mask)
        context = _mean(states + attended, mask)
        return torch.cat([about_pair, context], dim=-1), pair_weights.squeeze(2), context_weights


class RelationModel(nn.Module):
    """Encoder, dual attention, projection, LayerNorm and classification head."""

    def __init__(
        self,
        encoder: Encoder,
        *,
        marker_ids: tuple[int, int, int, int],
        heads: int = 6,
        dropout: float = 0.1,
    ) -> None:
        """Build the model.

        Args:
            encoder: gives X.
            marker_ids: of <DRUG>, </DRUG>, <ADE>, </ADE>.
            heads: of both attentions.
            dropout: of attention weights and projection.
        """
        super().__init__()
        width = encoder.width
        self.encoder = encoder
        self.marker_ids = marker_ids
        self.heads = heads
        self.attention = DualAttention(width, heads, dropout=dropout)
        self.projection = nn.Sequential(
            nn.Linear(2 * width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, len(CLASSES))

    def compute(self, input_ids: Tensor, attention_mask: Tensor) -> RelationOutput:
        """Everything of a batch; both arguments are [batch, tokens]."""
        states = self.encoder(input_ids, attention_mask)
        drug = mention_mask(input_ids, self.marker_ids[0], self.marker_ids[1])
        event = mention_mask(input_ids, self.marker_ids[2], self.marker_ids[3])
        z, pair_weights, context_weights = self.attention(states, attention_mask, drug, event)
        vectors = self.norm(self.projection(z))
        return RelationOutput(self.head(vectors), vectors, pair_weights, context_weights)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits [batch, classes]: the graph that is served."""
        return self.compute(input_ids, attention_mask).logits


def mention_mask(input_ids: Tensor, opening: int, closing: int) -> Tensor:
    """1 at the opening marker and at the tokens up to the closing one, [batch, tokens].

    The opening marker is part of it, so that no mention is empty.
    """
    opened = (input_ids == opening).to(torch.int64).cumsum(dim=1)
    closed = (input_ids == closing).to(torch.int64).cumsum(dim=1)
    return (opened > closed).to(torch.int64)


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean over the tokens of a mask, [batch, d]; 0 for an empty mask."""
    weights = mask.to(states.dtype).unsqueeze(-1)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
