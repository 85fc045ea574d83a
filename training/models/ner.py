"""The NER model: encoder → BIO tags per type."""

from __future__ import annotations

from torch import Tensor, nn

from services.core.bio import TAGS, TYPES, TagChains
from training.models.encoder import Encoder
from training.models.tag_chain import ChainLayer


class NerModel(nn.Module):
    """``logits_type = W_type · dropout(X) + b_type`` per token, one softmax per type.

    The columns are those of the form per type of `services.core.bio`.
    """

    def __init__(self, encoder: Encoder, *, dropout: float = 0.1, crf: bool = False) -> None:
        """Build the model; with `crf` it learns how the tags of neighbouring words depend on each
        other, which changes its loss and the decoding, not its logits."""
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.width, len(TYPES) * len(TAGS))
        self.chain = ChainLayer() if crf else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[batch, tokens] twice to logits [batch, tokens, types, tags]."""
        logits: Tensor = self.head(self.dropout(self.encoder(input_ids, attention_mask)))
        return logits.reshape(*logits.shape[:2], len(TYPES), len(TAGS))

    def chains(self) -> TagChains | None:
        """What decoding needs beside the logits; None of a model without a CRF."""
        return None if self.chain is None else self.chain.chains()
