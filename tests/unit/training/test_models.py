"""Shapes, masks and attention weights on a tiny encoder with random weights."""

import pytest
import torch
from torch import Tensor

from services.core.bio import LABELS
from training.models.encoder import Encoder, empty_encoder, encoder_config
from training.models.ner import NerModel
from training.models.relation import CLASSES, RelationModel, mention_mask

pytestmark = pytest.mark.training

MARKER_IDS = (16, 17, 18, 19)
# [CLS] <DRUG> 5 6 </DRUG> 7 <ADE> 8 </ADE> [SEP], and a shorter row with padding.
IDS = torch.tensor([[2, 16, 5, 6, 17, 7, 18, 8, 19, 3], [2, 18, 5, 19, 16, 6, 17, 3, 0, 0]])
MASK = (IDS != 0).long()


@pytest.fixture
def tiny() -> Encoder:
    torch.manual_seed(7)
    return empty_encoder(
        {
            "model_type": "bert",
            "vocab_size": 20,
            "hidden_size": 24,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "max_position_embeddings": 64,
        }
    )


@pytest.fixture
def relation(tiny: Encoder) -> RelationModel:
    return RelationModel(tiny, marker_ids=MARKER_IDS, heads=3).eval()


def test_ner_gives_logits_per_token(tiny: Encoder) -> None:
    assert NerModel(tiny)(IDS, MASK).shape == (2, 10, len(LABELS))


def test_relation_gives_logits_and_vectors_per_row(relation: RelationModel) -> None:
    output = relation.compute(IDS, MASK)
    assert output.logits.shape == (2, len(CLASSES))
    assert output.vectors.shape == (2, 24)
    assert output.pair_attention.shape == (2, 3, 10)
    assert output.context_attention.shape == (2, 3, 10, 10)


def test_attention_sums_to_one_over_unmasked_tokens(relation: RelationModel) -> None:
    output = relation.compute(IDS, MASK)
    for weights, mask in (
        (output.pair_attention, MASK[:, None, :]),
        (output.context_attention, MASK[:, None, None, :]),
    ):
        assert torch.all(weights >= 0)
        assert torch.all((weights * (1 - mask)) == 0)
        sums = weights.sum(dim=-1)
        torch.testing.assert_close(sums, torch.ones_like(sums))


def test_vectors_are_normalised_by_layer(relation: RelationModel) -> None:
    vectors = relation.compute(IDS, MASK).vectors
    torch.testing.assert_close(vectors.mean(dim=-1), torch.zeros(2), atol=1e-5, rtol=0)


def test_padding_changes_nothing(relation: RelationModel) -> None:
    alone = relation(IDS[1:, :8], MASK[1:, :8])
    torch.testing.assert_close(alone, relation(IDS, MASK)[1:], atol=1e-5, rtol=1e-4)


def test_the_mentions_matter_and_not_only_the_window(relation: RelationModel) -> None:
    swapped = IDS.clone()
    swapped[0, [1, 4, 6, 8]] = torch.tensor([18, 19, 16, 17])
    assert not torch.allclose(relation(IDS, MASK)[0], relation(swapped, MASK)[0])


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([2, 16, 5, 6, 17, 7, 3], [0, 1, 1, 1, 0, 0, 0]),
        ([2, 16, 18, 5, 19, 17, 3], [0, 1, 1, 1, 1, 0, 0]),
        ([2, 5, 6, 3, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_mention_is_what_stands_between_its_markers(ids: list[int], expected: list[int]) -> None:
    assert mention_mask(torch.tensor([ids]), 16, 17).tolist() == [expected]


def test_gradients_reach_every_part_of_the_relation_model(relation: RelationModel) -> None:
    output = relation.compute(IDS, MASK)
    (output.logits.sum() + output.vectors[:, 0].sum()).backward()  # type: ignore[no-untyped-call]

    def largest(parameter: Tensor) -> float:
        return 0.0 if parameter.grad is None else float(parameter.grad.abs().max())

    silent = [
        name
        for name, parameter in relation.named_parameters()
        if largest(parameter) == 0 and not name.endswith("key.bias")
    ]
    assert silent == []


def test_a_configuration_builds_the_same_architecture(tiny: Encoder) -> None:
    again = empty_encoder(encoder_config(tiny))
    assert {name: value.shape for name, value in again.state_dict().items()} == {
        name: value.shape for name, value in tiny.state_dict().items()
    }
    assert again.vocabulary == 20
