"""How an encoder is pretrained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainSettings:
    """What decides the outcome, besides the text.

    Attributes:
        encoder: name or folder.
        seed: of orders, masks, the new head and dropout.
        steps: updates of the weights from beginning to end; the learning rate falls towards it.
        rows: of a batch.
        accumulate: batches per step; gradients are those of one batch of all of them.
        learning_rate: at its highest.
        head_steps: first steps in which only the head learns, since a new head's gradients would
            spoil the encoder.
        warmup_fraction: of the steps.
        weight_decay: of matrices.
        max_tokens: of a row.
        mask_share: of the tokens to guess.
        bfloat16: multiply in 16 bits.
        checkpoint_every: steps between checkpoints, at which the loss is measured too.
    """

    encoder: str
    seed: int
    steps: int = 4_000
    rows: int = 32
    accumulate: int = 1
    learning_rate: float = 1e-4
    head_steps: int = 200
    warmup_fraction: float = 0.06
    weight_decay: float = 0.01
    max_tokens: int = 128
    mask_share: float = 0.15
    bfloat16: bool = False
    checkpoint_every: int = 200
