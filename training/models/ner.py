"""The NER model: encoder → BIO tags."""

from __future__ import annotations

from torch import Tensor, nn

from services.core.bio import LABELS
from training.models.encoder import Encoder


class NerModel(nn.Module):
    """``logits = W · dropout(X) + b`` per token, classes in the order of `LABELS`."""

    def __init__(self, encoder: Encoder, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.width, len(LABELS))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[batch, tokens] twice to logits [batch, tokens, labels]."""
        logits: Tensor = self.head(self.dropout(self.encoder(input_ids, attention_mask)))
        return logits
