"""Losses on soft targets (Hinton et al., arXiv:1503.02531)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from services.core.model_ports import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Distillation:
    """How a student learns.

    Attributes:
        temperature: of teachers and student in the soft loss; higher ones show more of what
            teachers think of the less probable answers.
        soft_share: of the soft loss; the rest is the loss on gold.
    """

    temperature: float = 2.0
    soft_share: float = 0.5

    def __post_init__(self) -> None:
        """Raises: ValueError: a number has no meaning."""
        if self.temperature <= 0 or not 0 <= self.soft_share <= 1:
            raise ValueError("temperature must be positive and soft_share a share")

    def mixed(self, gold: Tensor, soft: Tensor) -> Tensor:
        """Both losses."""
        return (1 - self.soft_share) * gold + self.soft_share * soft


def softened(probabilities: FloatArray, temperature: float) -> FloatArray:
    """What softmax(logits / T) is, from softmax(logits), over the last axis: p^(1/T) normalised."""
    raised = probabilities.astype("float64") ** (1 / temperature)
    softer: FloatArray = (raised / raised.sum(axis=-1, keepdims=True)).astype("float32")
    return softer


def soft_cross_entropy(
    logits: Tensor, targets: Tensor, *, temperature: float, weights: Tensor | None = None
) -> Tensor:
    """``−T² Σ_c q_c log softmax(logits / T)_c``, the weighted mean over rows with a target.

    T² keeps the size of the gradient what it is at T = 1.

    Args:
        logits: [..., classes].
        targets: q, likewise; NaN in rows without a target.
        temperature: T; the targets are softened with it already.
        weights: [...], of the rows; by default 1.

    Returns:
        A scalar in 32 bits, 0 if no row counts.
    """
    known = ~targets.isnan().any(dim=-1)
    weight = known.float() if weights is None else known * weights
    log_probabilities = (logits.float() / temperature).log_softmax(dim=-1)
    rows = -(targets.nan_to_num(0.0) * log_probabilities).sum(dim=-1)
    total = weight.sum()
    if float(total) == 0:
        return logits.float().sum() * 0
    return temperature**2 * (rows * weight).sum() / total


def as_tensor(values: FloatArray) -> Tensor:
    """A copy in 32 bits."""
    return torch.tensor(values, dtype=torch.float32)
