"""The contrastive dual-attention model of drug–event relations.

Input is a window of up to four sentences and P pairs of a drug and an event mention. It comes in
two forms. *Marked*: the two mentions of the one pair stand between `<DRUG>…</DRUG>` and
`<ADE>…</ADE>` in the text; a window is read once per pair. *Levitated* (Zhong & Chen, NAACL 2021;
Ye et al., ACL 2022): the text is left as it is, and four markers per pair follow it, each with the
position of the token it marks. Text sees only text, a marker sees the text and the markers of its
own pair; so all pairs of a window are read in one pass and none changes another's answer.

With X ∈ R^{tokens × d} the encoder's states of the text, M the states of a pair's markers and m the
attention mask, for each pair::

    e_D = mean of X over the drug mention and of its markers             (e_A likewise)
    q   = W_q [e_D ; e_A] + b_q                                  the pair as one query
    H_e = q + MultiHead(q, X, X; m)                              entity-pair attention, 1 × d
    H_c = X + MultiHead(X, X, X; m)                              contextual attention, tokens × d
    z   = [pool(H_e) ; pool_m(H_c)]                              2d; pool is the (masked) mean
    z′  = W_2 GELU(W_1 z + b_1) + b_2                            non-linear projection
    z″  = LayerNorm(z′)                                          what InfoNCE compares
    logits = W_c z″ + b_c                                        none, caused
    status = W_s z″ + b_s                                        what the writer asserts of it

MultiHead is scaled dot-product attention: per head ``softmax(QKᵀ/√d_h, masked by m) V``, the
heads concatenated and projected. In the marked form the mentions are found within the graph from
the ids of the markers, so that the model takes only token ids and a mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.core.contracts import Assertion
from services.core.windows import Form
from training.models.attention import Attention
from training.models.encoder import Encoder

CLASSES = ("none", "caused")
CAUSED = CLASSES.index("caused")
STATUSES = tuple(Assertion)
"""Classes of the status head, in the order of its columns."""

HEADS, HEAD_WIDTH = 6, 64


def heads_of(width: int) -> int:
    """Heads of both attentions above an encoder of a width, which they divide.

    A published graph does not say how many it has, so they follow from the width: six where six
    divides it, as all versions have that were made before others were possible; else one per 64
    columns (1024: 16), or the next fewer that divide it.
    """
    if width % HEADS == 0:
        return HEADS
    return next(heads for heads in range(max(1, width // HEAD_WIDTH), 0, -1) if width % heads == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationConfig:
    """The architecture. The switches exist for the ablations.

    Attributes:
        marker_ids: of <DRUG>, </DRUG>, <ADE>, </ADE>.
        form: how pairs are shown.
        heads: of both attentions; see `heads_of`.
        dropout: of attention weights and projection.
        pair_attention: without it H_e = q.
        context_attention: without it H_c = X.
        markers: without them (levitated form only) the mentions are known by their tokens alone.
    """

    marker_ids: tuple[int, int, int, int]
    form: Form = Form.LEVITATED
    heads: int = HEADS
    dropout: float = 0.1
    pair_attention: bool = True
    context_attention: bool = True
    markers: bool = True

    def __post_init__(self) -> None:
        """Raises: ValueError: a marked model without markers has no mentions."""
        if self.form is Form.MARKED and not self.markers:
            raise ValueError("the marked form needs its markers")


@dataclass(frozen=True, slots=True)
class RelationOutput:
    """What the model computes of a batch of windows with P pairs each.

    Attributes:
        logits: [batch, P, classes].
        status: [batch, P, statuses].
        vectors: z″, [batch, P, d].
        pair_attention: entity-pair attention, [batch, heads, P, tokens]; sums to 1 over unmasked
            tokens; None without it.
        context_attention: [batch, heads, tokens, tokens]; each row likewise.
    """

    logits: Tensor
    status: Tensor
    vectors: Tensor
    pair_attention: Tensor | None
    context_attention: Tensor | None


class DualAttention(nn.Module):
    """Both attentions over encoder states, pooled and concatenated."""

    def __init__(self, width: int, config: RelationConfig) -> None:
        super().__init__()
        self.combine = nn.Linear(2 * width, width)
        heads, dropout = config.heads, config.dropout
        self.pair = Attention(width, heads, dropout=dropout) if config.pair_attention else None
        self.context = (
            Attention(width, heads, dropout=dropout) if config.context_attention else None
        )

    def forward(
        self, states: Tensor, mask: Tensor, drug: Tensor, event: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """z and the two attention weights.

        Args:
            states: X, [batch, tokens, d].
            mask: [batch, tokens].
            drug: e_D of each pair, [batch, P, d]; `event` likewise.

        Returns:
            z [batch, P, 2d] and both attention weights as in `RelationOutput`.
        """
        query = self.combine(torch.cat([drug, event], dim=-1))
        about_pair, pair_weights = query, None
        if self.pair is not None:
            attended, pair_weights = self.pair(query, states, mask)
            about_pair = query + attended
        contextual, context_weights = states, None
        if self.context is not None:
            attended, context_weights = self.context(states, states, mask)
            contextual = states + attended
        weights = mask.to(states.dtype).unsqueeze(-1)
        context = (contextual * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
        return (
            torch.cat([about_pair, context.unsqueeze(1).expand_as(about_pair)], dim=-1),
            pair_weights,
            context_weights,
        )


class RelationModel(nn.Module):
    """Encoder, dual attention, projection, LayerNorm and the heads."""

    def __init__(self, encoder: Encoder, config: RelationConfig) -> None:
        super().__init__()
        width = encoder.width
        self.encoder = encoder
        self.config = config
        self.attention = DualAttention(width, config)
        self.projection = nn.Sequential(
            nn.Linear(2 * width, width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, width),
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, len(CLASSES))
        self.status_head = nn.Linear(width, len(STATUSES))

    def compute(self, input_ids: Tensor, attention_mask: Tensor, pairs: Tensor) -> RelationOutput:
        """Everything of a batch.

        Args:
            input_ids: [batch, tokens]; `attention_mask` likewise.
            pairs: [batch, P, 4]: first and last token of the drug mention and of the event
                mention; -1 in rows that are none. The marked form finds its one pair in
                the ids and does not look at it.
        """
        if self.config.form is Form.MARKED:
            states = self.encoder(input_ids, attention_mask)
            drug, event = self._marked(input_ids, states)
        elif self.config.markers:
            states, markers = self.encoder.with_levitated(
                input_ids, attention_mask, pairs, self.config.marker_ids
            )
            drug = mention_mean(states, pairs[..., 0], pairs[..., 1], markers[:, :, 0:2])
            event = mention_mean(states, pairs[..., 2], pairs[..., 3], markers[:, :, 2:4])
        else:
            states = self.encoder(input_ids, attention_mask)
            drug = mention_mean(states, pairs[..., 0], pairs[..., 1], None)
            event = mention_mean(states, pairs[..., 2], pairs[..., 3], None)
        z, pair_weights, context_weights = self.attention(states, attention_mask, drug, event)
        vectors = self.norm(self.projection(z))
        return RelationOutput(
            self.head(vectors), self.status_head(vectors), vectors, pair_weights, context_weights
        )

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, pairs: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits [batch, P, classes] and status [batch, P, statuses]: the graph that is served."""
        output = self.compute(input_ids, attention_mask, pairs)
        return output.logits, output.status

    def _marked(self, input_ids: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        one, two, three, four = self.config.marker_ids
        means = []
        for opening, closing in ((one, two), (three, four)):
            weights = mention_mask(input_ids, opening, closing).to(states.dtype).unsqueeze(-1)
            mean = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
            means.append(mean.unsqueeze(1))
        return means[0], means[1]


def mention_mask(input_ids: Tensor, opening: int, closing: int) -> Tensor:
    """1 at the opening marker and at the tokens up to the closing one, [batch, tokens].

    The opening marker is part of it, so that no mention is empty.
    """
    opened = (input_ids == opening).to(torch.int64).cumsum(dim=1)
    closed = (input_ids == closing).to(torch.int64).cumsum(dim=1)
    return (opened > closed).to(torch.int64)


def mention_mean(states: Tensor, first: Tensor, last: Tensor, markers: Tensor | None) -> Tensor:
    """Mean over the tokens first…last and, if there are any, the mention's markers.

    Args:
        states: [batch, tokens, d].
        first: [batch, P], `last` likewise, inclusive; -1 gives an arbitrary finite answer.
        markers: [batch, P, 2, d].

    Returns:
        [batch, P, d].
    """
    places = torch.arange(states.shape[1], device=states.device)
    inside = (places >= first.unsqueeze(-1)) & (places <= last.unsqueeze(-1))
    weights = inside.to(states.dtype)
    total, count = weights @ states, weights.sum(dim=-1, keepdim=True)
    if markers is not None:
        total, count = total + markers.sum(dim=2), count + 2
    return total / count.clamp(min=1.0)
