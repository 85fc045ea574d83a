"""The training loop on a model of two weights."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from training.train.loop import Optimisation, linear_schedule, optimise, parameter_groups

pytestmark = pytest.mark.training


def trained(scores: Sequence[float]) -> tuple[Tensor, list[Tensor]]:
    """The weights in the end, and those after each epoch."""
    torch.manual_seed(1)
    model = nn.Linear(2, 1)
    left = iter(scores)
    after: list[Tensor] = []

    def loss(batch: Sequence[int]) -> Tensor:
        assert model.training
        value: Tensor = (model(torch.full((1, 2), float(batch[0]))) - 1).square().mean()
        return value

    def dev_score() -> float:
        assert not model.training
        after.append(model.weight.detach().clone())
        return next(left)

    history = optimise(
        model,
        batches=[[[1], [2]] for _ in scores],
        loss=loss,
        dev_score=dev_score,
        settings=Optimisation(epochs=len(scores), learning_rate=0.1),
    )
    assert [epoch.dev for epoch in history] == list(scores)
    return model.weight.detach(), after


def test_the_weights_of_the_best_epoch_stay() -> None:
    end, after = trained([0.2, 0.9, 0.5])
    assert torch.equal(end, after[1])
    assert not torch.equal(end, after[2])


def test_of_epochs_that_are_equally_good_the_last_stays() -> None:
    end, after = trained([0.5, 0.5, 0.1])
    assert torch.equal(end, after[1])
    assert not torch.equal(end, after[0])


def test_the_learning_rate_rises_and_falls_to_nothing() -> None:
    rates = [linear_schedule(step, 10, 0.2) for step in range(11)]
    assert rates[:4] == [0.5, 1.0, 1.0, 0.875]
    assert rates[-1] == 0.0
    assert linear_schedule(0, 1, 0.06) == 1.0


def test_only_matrices_decay() -> None:
    decaying, others = parameter_groups(nn.Linear(2, 1).named_parameters(), 0.01)
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.01, 0.0)
    assert [len(group["params"]) for group in (decaying, others)] == [1, 1]  # type: ignore[arg-type]
