"""Dropout by random bytes, and plain attention."""

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from training.models.quick_encoder import ATTENTION, ByteDropout, quicken

pytestmark = pytest.mark.training


def drawn(seed: int, *, p: float = 0.1) -> torch.Tensor:
    torch.manual_seed(seed)
    dropped: torch.Tensor = ByteDropout(p)(torch.ones(200, 300))
    return dropped


def test_the_share_is_dropped_and_the_mean_stays() -> None:
    values = drawn(1)
    assert (values == 0).float().mean().item() == pytest.approx(26 / 256, abs=0.005)
    assert values.mean().item() == pytest.approx(1, abs=0.005)
    assert len(set(values.flatten().tolist())) == 2


def test_what_is_dropped_follows_from_the_seed_and_differs_from_call_to_call() -> None:
    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    torch.manual_seed(1)
    dropout = ByteDropout(0.1)
    assert not torch.equal(dropout(torch.ones(100)), dropout(torch.ones(100)))


def test_nothing_is_dropped_in_evaluation_or_at_no_rate() -> None:
    values = torch.ones(100)
    assert ByteDropout(0.5).eval()(values) is values
    assert ByteDropout(0.0)(values) is values


def test_gradients_pass_where_values_do() -> None:
    values = torch.ones(1000, requires_grad=True)
    kept = ByteDropout(0.5)(values)
    kept.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, kept.detach())


@pytest.fixture
def bert() -> BertModel:
    torch.manual_seed(1)
    return BertModel(
        BertConfig(
            vocab_size=20,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
        )
    )


def test_an_encoder_drops_states_and_not_attention_weights(bert: BertModel) -> None:
    quicken(bert)
    rates = {
        name: module.p for name, module in bert.named_modules() if isinstance(module, ByteDropout)
    }
    assert rates == {
        "embeddings.dropout": 0.1,
        "encoder.layer.0.attention.self.dropout": 0.0,
        "encoder.layer.0.attention.output.dropout": 0.1,
        "encoder.layer.0.output.dropout": 0.1,
    }
    assert not any(isinstance(module, nn.Dropout) for module in bert.modules())
    ids = torch.tensor([[1, 2, 3]])
    bert.train()
    assert not torch.equal(bert(ids).last_hidden_state, bert(ids).last_hidden_state)


def test_in_evaluation_a_quick_encoder_computes_the_same(bert: BertModel) -> None:
    ids = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    before = bert.eval()(ids, attention_mask=mask).last_hidden_state
    quicken(bert)
    assert bert.config._attn_implementation == ATTENTION
    after = bert.eval()(ids, attention_mask=mask).last_hidden_state
    assert torch.allclose(before[mask == 1], after[mask == 1], atol=1e-6)
    assert "attn" not in str(bert.config.to_dict())
