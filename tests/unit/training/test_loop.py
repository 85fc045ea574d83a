"""The training loop on a model of two weights."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from training.train.loop import (
    Epoch,
    Optimisation,
    linear_schedule,
    optimise,
    parameter_groups,
    time_left,
)

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


STEP = 10.0
"""Seconds of a step in `limited`."""


def limited(
    seconds: float | None, *, epochs: int, steps: int, scoring: float = 0.0
) -> tuple[list[Epoch], list[float]]:
    """What a training gives of which each step takes `STEP` seconds and each scoring `scoring`, and
    how far each step moved the weight."""
    torch.manual_seed(1)
    model = nn.Linear(1, 1, bias=False)
    now = 0.0
    places = [model.weight.item()]

    def loss(batch: Sequence[int]) -> Tensor:
        nonlocal now
        places.append(model.weight.item())
        now += STEP
        value: Tensor = model(torch.ones(1, 1)).sum()
        return value

    def scored() -> float:
        nonlocal now
        now += scoring
        return 0.0

    history = optimise(
        model,
        batches=[[[1]] * steps for _ in range(epochs)],
        loss=loss,
        dev_score=scored,
        settings=Optimisation(epochs=epochs, learning_rate=0.1, weight_decay=0.0, seconds=seconds),
        clock=lambda: now,
    )
    places.append(model.weight.item())
    return history, [before - after for before, after in pairwise(places[1:])]


def test_a_training_ends_in_its_time_and_has_slowed_down_by_then() -> None:
    history, moved = limited(150, epochs=3, steps=10)
    assert [(epoch.number, epoch.steps, epoch.seconds) for epoch in history] == [
        (1, 10, 100.0),
        (2, 5, 50.0),
    ]
    assert len(moved) == 15
    assert moved[1:] == pytest.approx(sorted(moved[1:], reverse=True), abs=1e-6)
    assert moved[:2] == pytest.approx([0.05, 0.1], rel=0.01)
    assert moved[-1] < 0.01


def test_time_that_ends_with_an_epoch_begins_no_other() -> None:
    history, _ = limited(100, epochs=3, steps=10)
    assert [(epoch.number, epoch.steps) for epoch in history] == [(1, 10)]


def test_scoring_between_epochs_takes_of_the_time_and_the_last_comes_after_it() -> None:
    history, _ = limited(150, epochs=3, steps=10, scoring=30)
    assert [(epoch.number, epoch.steps, epoch.seconds) for epoch in history] == [
        (1, 10, 130.0),
        (2, 2, 50.0),
    ]
    assert len(limited(120, epochs=3, steps=10, scoring=30)[0]) == 1


def test_a_training_that_is_quick_enough_is_what_it_is_without_a_limit() -> None:
    assert limited(10_000, epochs=2, steps=5)[1] == limited(None, epochs=2, steps=5)[1]


def test_even_without_time_one_step_is_taken() -> None:
    history, _ = limited(1, epochs=2, steps=5)
    assert [(epoch.number, epoch.steps) for epoch in history] == [(1, 1)]


def test_what_came_before_the_steps_counts_as_time() -> None:
    assert time_left(55, 300) == 3000
    assert time_left(1, 300) == 1
    assert time_left(0, 300) is None
