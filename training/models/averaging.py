"""The mean of several models' weights.

Trainings that begin with the same weights end in one basin of the loss; the mean of what they end
with is often better than each of them, on other kinds of text too, and costs nothing when it serves
("model soups", Wortsman et al. 2022).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from training.errors import TrainingError

Weights = Mapping[str, Tensor]
"""Tensors by name, as `state_dict` gives them."""


def averaged(members: Sequence[Weights]) -> dict[str, Tensor]:
    """The mean of each tensor, taken in 64 bits; of integers, which are no weights, the first.

    Args:
        members: weights of models of one architecture, two or more.

    Raises:
        TrainingError: they are fewer, or have other tensors.
    """
    if len(members) < 2:
        raise TrainingError("a mean is of two models or more")
    first, *others = members
    for other in others:
        if first.keys() != other.keys():
            name = min(first.keys() ^ other.keys())
            raise TrainingError(f"only one of the models has {name}: another kind of model")
        for name, tensor in first.items():
            if tensor.shape != other[name].shape:
                raise TrainingError(
                    f"{name} is {tuple(tensor.shape)} and {tuple(other[name].shape)}"
                )
    return {
        name: torch.stack([one[name].double() for one in members]).mean(dim=0).to(tensor.dtype)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in first.items()
    }
