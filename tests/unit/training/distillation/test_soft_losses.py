"""The loss on soft targets against calculations by hand."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.distillation.losses import Distillation, soft_cross_entropy, softened

pytestmark = pytest.mark.training

NAN = float("nan")


def test_softened_probabilities_are_those_of_divided_logits() -> None:
    logits = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 9.0]])

    def softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
        raised = np.exp(values)
        return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float64)

    plain = np.asarray(softmax(logits), dtype=np.float32)
    np.testing.assert_allclose(softened(plain, 3.0), softmax(logits / 3), rtol=1e-4)


def test_it_is_cross_entropy_with_the_targets_times_the_square_of_the_temperature() -> None:
    logits, targets = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.75, 0.25]])
    first = -math.log(math.e / (math.e + 1))
    second = -math.log(1 / (math.e + 1))
    loss = soft_cross_entropy(logits, targets, temperature=2.0)
    assert loss.item() == pytest.approx(4 * (0.75 * first + 0.25 * second))


def test_rows_without_a_target_do_not_count() -> None:
    logits = torch.tensor([[2.0, 0.0], [5.0, -5.0]], requires_grad=True)
    targets = torch.tensor([[0.75, 0.25], [NAN, NAN]])
    loss = soft_cross_entropy(logits, targets, temperature=1.0)
    alone = soft_cross_entropy(logits[:1], targets[:1], temperature=1.0)
    assert loss.item() == pytest.approx(alone.item())
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad[1].tolist() == [0.0, 0.0]
    assert bool(logits.grad.isfinite().all())
    nothing = soft_cross_entropy(logits, torch.full((2, 2), NAN), temperature=1.0)
    assert nothing.item() == 0


def test_a_student_that_says_what_its_teachers_say_learns_nothing_more() -> None:
    logits = torch.tensor([[1.0, -0.5, 0.2]], requires_grad=True)
    targets = (logits.detach() / 2).softmax(dim=-1)
    soft_cross_entropy(logits, targets, temperature=2.0).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, torch.zeros(1, 3), atol=1e-6, rtol=0)


def test_rows_may_weigh_differently() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    targets = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    weighed = soft_cross_entropy(logits, targets, temperature=1.0, weights=torch.tensor([1.0, 0.0]))
    assert weighed.item() == pytest.approx(math.log(1 + math.exp(-2)))


def test_gold_and_soft_loss_are_mixed_by_their_share() -> None:
    how = Distillation(soft_share=0.25)
    assert how.mixed(torch.tensor(2.0), torch.tensor(6.0)).item() == 3.0
    with pytest.raises(ValueError, match="share"):
        Distillation(soft_share=1.5)
