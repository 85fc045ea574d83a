"""Shapes, masks and attention weights on a tiny encoder with random weights."""

import pytest
import torch
from torch import Tensor

from services.core.bio import TAGS, TYPES
from services.core.windows import Form
from training.errors import TrainingError
from training.models.encoder import Encoder, empty_encoder, encoder_config
from training.models.ner import NerModel
from training.models.relation import (
    CLASSES,
    STATUSES,
    RelationConfig,
    RelationModel,
    mention_mask,
    mention_mean,
)

pytestmark = pytest.mark.training

MARKER_IDS = (16, 17, 18, 19)
# [CLS] <DRUG> 5 6 </DRUG> 7 <ADE> 8 </ADE> [SEP], and a shorter row with padding.
MARKED = torch.tensor([[2, 16, 5, 6, 17, 7, 18, 8, 19, 3], [2, 18, 5, 19, 16, 6, 17, 3, 0, 0]])
# The same without markers, and where the mentions stand: two pairs, one pair.
PLAIN = torch.tensor([[2, 5, 6, 7, 8, 9, 3], [2, 5, 7, 6, 3, 0, 0]])
PAIRS = torch.tensor([[[1, 2, 4, 4], [1, 2, 5, 5]], [[3, 3, 1, 1], [-1, -1, -1, -1]]])


def mask_of(ids: Tensor) -> Tensor:
    return (ids != 0).long()


def inputs(form: Form) -> tuple[Tensor, Tensor, Tensor]:
    ids = MARKED if form is Form.MARKED else PLAIN
    return ids, mask_of(ids), PAIRS[:, :1] if form is Form.MARKED else PAIRS


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


@pytest.fixture(params=list(Form))
def relation(request: pytest.FixtureRequest, tiny: Encoder) -> RelationModel:
    return model(tiny, form=request.param)


def model(encoder: Encoder, *, form: Form, **switches: bool) -> RelationModel:
    config = RelationConfig(marker_ids=MARKER_IDS, form=form, heads=3, **switches)
    return RelationModel(encoder, config).eval()


def test_ner_gives_logits_per_token_type_and_tag(tiny: Encoder) -> None:
    logits = NerModel(tiny)(PLAIN, mask_of(PLAIN))
    assert logits.shape == (2, 7, len(TYPES), len(TAGS))


def test_relation_gives_logits_statuses_and_vectors_per_pair(relation: RelationModel) -> None:
    ids, mask, pairs = inputs(relation.config.form)
    output = relation.compute(ids, mask, pairs)
    (batch, tokens), asked = ids.shape, pairs.shape[1]
    assert output.logits.shape == (batch, asked, len(CLASSES))
    assert output.status.shape == (batch, asked, len(STATUSES))
    assert output.vectors.shape == (batch, asked, 24)
    assert output.pair_attention is not None
    assert output.pair_attention.shape == (batch, 3, asked, tokens)
    assert output.context_attention is not None
    assert output.context_attention.shape == (batch, 3, tokens, tokens)


def test_attention_sums_to_one_over_unmasked_tokens(relation: RelationModel) -> None:
    ids, mask, pairs = inputs(relation.config.form)
    output = relation.compute(ids, mask, pairs)
    for weights in (output.pair_attention, output.context_attention):
        assert weights is not None
        assert torch.all(weights >= 0)
        assert torch.all((weights * (1 - mask[:, None, None, :])) == 0)
        sums = weights.sum(dim=-1)
        torch.testing.assert_close(sums, torch.ones_like(sums))


def test_vectors_are_normalised_by_layer(relation: RelationModel) -> None:
    vectors = relation.compute(*inputs(relation.config.form)).vectors
    torch.testing.assert_close(
        vectors.mean(dim=-1), torch.zeros(vectors.shape[:2]), atol=1e-5, rtol=0
    )


def test_padding_changes_nothing(relation: RelationModel) -> None:
    ids, mask, pairs = inputs(relation.config.form)
    length = int(mask[1].sum())
    alone, _ = relation(ids[1:, :length], mask[1:, :length], pairs[1:, :1])
    together, _ = relation(ids, mask, pairs)
    torch.testing.assert_close(alone[0, 0], together[1, 0], atol=1e-5, rtol=1e-4)


def test_a_pair_is_answered_alike_whatever_else_is_asked(tiny: Encoder) -> None:
    levitated = model(tiny, form=Form.LEVITATED)
    both, _ = levitated(PLAIN[:1], mask_of(PLAIN[:1]), PAIRS[:1])
    one, _ = levitated(PLAIN[:1], mask_of(PLAIN[:1]), PAIRS[:1, 1:])
    torch.testing.assert_close(both[0, 1], one[0, 0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(both[0, 0], both[0, 1])


def test_levitated_markers_leave_the_text_as_it_is(tiny: Encoder) -> None:
    alone = tiny.eval()(PLAIN, mask_of(PLAIN))
    states, markers = tiny.with_levitated(PLAIN, mask_of(PLAIN), PAIRS, MARKER_IDS)
    real = mask_of(PLAIN).bool()
    torch.testing.assert_close(states[real], alone[real], atol=1e-5, rtol=1e-4)
    assert markers.shape == (2, 2, 4, 24)


def test_the_mentions_matter_and_not_only_the_window(tiny: Encoder) -> None:
    marked = model(tiny, form=Form.MARKED)
    swapped = MARKED.clone()
    swapped[0, [1, 4, 6, 8]] = torch.tensor([18, 19, 16, 17])
    nowhere = PAIRS[:, :1]
    before, _ = marked(MARKED, mask_of(MARKED), nowhere)
    after, _ = marked(swapped, mask_of(MARKED), nowhere)
    assert not torch.allclose(before[0], after[0])


@pytest.mark.parametrize("switch", ["pair_attention", "context_attention", "markers"])
def test_a_part_that_is_left_out_has_no_weights_and_changes_the_answer(
    tiny: Encoder, switch: str
) -> None:
    whole = model(tiny, form=Form.LEVITATED)
    less = model(tiny, form=Form.LEVITATED, **{switch: False})
    less.load_state_dict(whole.state_dict(), strict=False)
    arguments = inputs(Form.LEVITATED)
    assert not torch.allclose(whole(*arguments)[0], less(*arguments)[0])
    assert len(less.state_dict()) < len(whole.state_dict()) or switch == "markers"


def test_a_marked_model_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        RelationConfig(marker_ids=MARKER_IDS, form=Form.MARKED, markers=False)


def test_a_mention_is_the_mean_of_its_tokens_and_markers() -> None:
    states = torch.arange(8.0).reshape(1, 4, 2)
    first, last = torch.tensor([[1]]), torch.tensor([[2]])
    assert mention_mean(states, first, last, None).tolist() == [[[3.0, 4.0]]]
    markers = torch.full((1, 1, 2, 2), 9.0)
    assert mention_mean(states, first, last, markers).tolist() == [[[6.0, 6.5]]]


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
    output = relation.compute(*inputs(relation.config.form))
    total = output.logits.sum() + output.vectors[..., 0].sum() + output.status[..., 0].sum()
    total.backward()  # type: ignore[no-untyped-call]

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


def test_levitated_markers_are_refused_where_positions_are_numbered_otherwise() -> None:
    roberta = empty_encoder(
        {
            "model_type": "roberta",
            "vocab_size": 20,
            "hidden_size": 24,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "max_position_embeddings": 64,
        }
    )
    with pytest.raises(TrainingError, match="roberta"):
        roberta.with_levitated(PLAIN, mask_of(PLAIN), PAIRS, MARKER_IDS)
