"""The losses against calculations by hand."""

import math

import pytest
import torch

from training.models.losses import info_nce, relation_loss, status_loss, tagging_loss

pytestmark = pytest.mark.training


IGNORED = -100


def test_tagging_is_weighted_cross_entropy_per_type() -> None:
    torch.manual_seed(1)
    logits = torch.randn(4, 2, 3)
    tags = torch.tensor([[0, 1], [2, 0], [1, 0], [0, 2]])
    weights = torch.tensor([[1.0, 3.0, 2.0], [0.5, 1.0, 4.0]])
    expected = [
        torch.nn.functional.cross_entropy(logits[:, place], tags[:, place], weight=weights[place])
        for place in range(2)
    ]
    loss = tagging_loss(logits, tags, weights, ignored=IGNORED)
    assert loss.item() == pytest.approx(sum(term.item() for term in expected) / 2)


def test_a_type_that_is_not_annotated_is_left_out() -> None:
    logits = torch.tensor([[[0.0, 0.0, 0.0], [9.0, -9.0, 3.0]]])
    tags = torch.tensor([[0, IGNORED]])
    loss = tagging_loss(logits, tags, torch.ones(2, 3), ignored=IGNORED)
    assert loss.item() == pytest.approx(math.log(3))


def test_tokens_without_a_known_tag_do_not_count() -> None:
    logits = torch.randn(2, 2, 3, requires_grad=True)
    nothing = tagging_loss(logits, torch.full((2, 2), IGNORED), torch.ones(2, 3), ignored=IGNORED)
    assert nothing.item() == 0
    nothing.backward()  # type: ignore[no-untyped-call]


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


def test_losses_are_those_of_32_bits_when_the_model_multiplies_in_16() -> None:
    labels, groups = torch.tensor([1, 1, 0]), torch.tensor([0, 1, 2])
    # Cosines that 8 bits of mantissa cannot tell apart.
    vectors = torch.tensor([[1.0, 0.0], [0.9990, 0.0447], [0.9985, 0.0548]])
    plain = info_nce(vectors, labels, groups, temperature=0.01)
    with torch.autocast("cpu", torch.bfloat16):
        inside = info_nce(vectors, labels, groups, temperature=0.01)
    assert inside.dtype == torch.float32
    assert inside.item() == plain.item()
    logits = torch.randn(3, 2, 3)
    tags = torch.tensor([[0, 1], [2, 0], [1, 0]])
    half = tagging_loss(logits.bfloat16(), tags, torch.ones(2, 3), ignored=IGNORED)
    assert half.dtype == torch.float32


PLAIN = [{0}, {1}, {2}]


def test_a_status_is_learned_by_weighted_cross_entropy() -> None:
    torch.manual_seed(2)
    logits, weights = torch.randn(4, 3), torch.tensor([1.0, 2.0, 0.5])
    statuses = torch.tensor([0, IGNORED, 2, 1])
    expected = torch.nn.functional.cross_entropy(
        logits, statuses, weight=weights, ignore_index=IGNORED
    )
    found = status_loss(logits, statuses, weights, PLAIN, ignored=IGNORED)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_label_that_leaves_two_open_is_satisfied_by_either() -> None:
    probabilities = torch.tensor([[0.2, 0.3, 0.5]])
    loss = status_loss(
        probabilities.log(), torch.tensor([3]), torch.ones(4), [*PLAIN, {1, 2}], ignored=IGNORED
    )
    assert loss.item() == pytest.approx(-math.log(0.8), rel=1e-5)


def test_no_known_status_is_no_loss() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    nothing = status_loss(logits, torch.full((2,), IGNORED), torch.ones(3), PLAIN, ignored=IGNORED)
    assert nothing.item() == 0
    nothing.backward()  # type: ignore[no-untyped-call]
