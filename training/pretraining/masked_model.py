"""An encoder with the head that guesses hidden words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModelForMaskedLM, AutoTokenizer

from training.errors import TrainingError
from training.models.quick_encoder import quicken
from training.pretraining.rows import IGNORED, MaskedRow, Masking


class MaskedModel(nn.Module):
    """Encoder → head; the matrix that scores words is that of the embeddings.

    An encoder that comes without a head gets a new one.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @property
    def encoder(self) -> nn.Module:
        """The part that fine-tuning takes."""
        encoder: nn.Module = self.model.base_model  # type: ignore[assignment]
        return encoder

    def loss(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> Tensor:
        """Sum over the hidden tokens of −log p(token), in 32 bits.

        Only hidden tokens go through the head: its matrix has a row per token of the vocabulary.

        Args:
            input_ids: [batch, tokens]; `attention_mask` and `labels` likewise.
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        hidden = labels != IGNORED
        logits: Tensor = self.model.cls(states[hidden])  # type: ignore[operator]
        return functional.cross_entropy(logits.float(), labels[hidden], reduction="sum")

    def write(self, folder: Path) -> None:
        """Write the encoder as a folder that `--encoder` takes; its tokenizer lies there."""
        self.encoder.save_pretrained(folder)  # type: ignore[operator]


def load_masked(name: str) -> MaskedModel:
    """An encoder of type BERT by name or folder.

    Raises:
        TrainingError: there is none, or it is of another type.
    """
    model = _opened(AutoModelForMaskedLM.from_pretrained, name)
    if not hasattr(model, "cls"):
        raise TrainingError(
            f"pretraining needs an encoder of type bert, not {type(model).__name__}"
        )
    quicken(model)
    return MaskedModel(model)


def write_tokenizer_folder(name: str, folder: Path, *, share: float) -> Masking:
    """Copy the tokenizer of an encoder into a folder, and say how words are masked with it.

    Raises:
        TrainingError: there is none, or it has no mask token.
    """
    tokenizer = _opened(AutoTokenizer.from_pretrained, name)
    if tokenizer.mask_token_id is None:
        raise TrainingError(f"the tokenizer of {name} has no mask token")
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    special = set(tokenizer.all_special_ids)
    return Masking(
        mask_id=int(tokenizer.mask_token_id),
        ordinary=[number for number in range(len(tokenizer)) if number not in special],
        share=share,
    )


def _opened(load: Callable[[str], Any], name: str) -> Any:
    try:
        return load(name)
    except (OSError, ValueError) as error:
        raise TrainingError(f"cannot read the encoder {name!r}: {type(error).__name__}") from error


def padded(rows: Sequence[MaskedRow], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, mask and labels, [rows, longest] each."""
    width = max(len(row.ids) for row in rows)

    def filled(values: Sequence[Sequence[int]], filling: int) -> Tensor:
        return torch.tensor(
            [[*value, *[filling] * (width - len(value))] for value in values], device=device
        )

    return (
        filled([row.ids for row in rows], 0),
        filled([[1] * len(row.ids) for row in rows], 0),
        filled([row.labels for row in rows], IGNORED),
    )
