"""The losses against calculations by hand."""

import math

import pytest
import torch

from training.losses import info_nce, partial_cross_entropy, relation_loss

pytestmark = pytest.mark.training


def test_one_allowed_class_is_weighted_cross_entropy() -> None:
    logits = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    gold = torch.tensor([0, 1, 1])
    weights = torch.tensor([1.0, 3.0])
    expected = torch.nn.functional.cross_entropy(logits, gold, weight=weights)
    allowed = torch.nn.functional.one_hot(gold, 2).bool()
    assert partial_cross_entropy(logits, allowed, weights).item() == pytest.approx(expected.item())


def test_several_allowed_classes_share_their_probability() -> None:
    logits = torch.zeros(1, 5)
    allowed = torch.tensor([[True, True, True, False, False]])
    loss = partial_cross_entropy(logits, allowed, torch.ones(5))
    assert loss.item() == pytest.approx(-math.log(3 / 5))


def test_tokens_without_an_allowed_class_do_not_count() -> None:
    logits = torch.tensor([[0.0, 0.0], [9.0, -9.0]])
    allowed = torch.tensor([[True, False], [False, False]])
    assert partial_cross_entropy(logits, allowed, torch.ones(2)).item() == pytest.approx(
        math.log(2)
    )
    assert partial_cross_entropy(logits, allowed & False, torch.ones(2)).item() == 0


# Unit vectors in the plane: cosines are read off.
VECTORS = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 2.0]])
LABELS = torch.tensor([1, 1, 0])


def nce(hard_weight: float, groups: list[int]) -> float:
    return info_nce(
        VECTORS, LABELS, torch.tensor(groups), temperature=0.5, hard_weight=hard_weight
    ).item()


def test_info_nce_is_the_mean_over_anchors_that_are_relations() -> None:
    first = -math.log(math.exp(1.2) / (math.exp(1.2) + math.exp(0.0)))
    second = -math.log(math.exp(1.2) / (math.exp(1.2) + math.exp(1.6)))
    assert nce(1.0, [0, 1, 2]) == pytest.approx((first + second) / 2, rel=1e-5)


def test_negatives_of_the_same_sentence_weigh_more() -> None:
    first = -math.log(math.exp(1.2) / (math.exp(1.2) + 2 * math.exp(0.0)))
    second = -math.log(math.exp(1.2) / (math.exp(1.2) + math.exp(1.6)))
    assert nce(2.0, [0, 1, 0]) == pytest.approx((first + second) / 2, rel=1e-5)


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1], [1, 0, 0]])
def test_without_positive_or_negative_there_is_no_contrast(labels: list[int]) -> None:
    loss = info_nce(VECTORS, torch.tensor(labels), torch.arange(3), temperature=0.5)
    assert loss.item() == 0


def test_both_losses_are_mixed_by_alpha() -> None:
    logits = torch.tensor([[0.0, 1.0], [0.5, 0.0], [1.0, 0.0]])
    mixed = relation_loss(
        logits,
        VECTORS,
        LABELS,
        torch.arange(3),
        alpha=0.7,
        temperature=0.5,
        hard_weight=1.0,
        class_weights=torch.ones(2),
    )
    entropy = torch.nn.functional.cross_entropy(logits, LABELS).item()
    assert mixed.item() == pytest.approx(0.7 * entropy + 0.3 * nce(1.0, [0, 1, 2]), rel=1e-5)
