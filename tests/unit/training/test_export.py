"""The exported graphs compute what torch computes, in any batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.export import export, onnx_runner, quantise
from training.models.encoder import empty_encoder
from training.models.ner import NerModel
from training.models.relation import RelationModel

pytestmark = pytest.mark.training

VOCABULARY = 2_000
CONFIG: dict[str, object] = {
    "model_type": "bert",
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 128,
}


def tiny(task: str) -> NerModel | RelationModel:
    torch.manual_seed(3)
    encoder = empty_encoder(dict(CONFIG))
    if task == "ner":
        return NerModel(encoder).eval()
    markers = (VOCABULARY - 4, VOCABULARY - 3, VOCABULARY - 2, VOCABULARY - 1)
    return RelationModel(encoder, marker_ids=markers, heads=4).eval()


def rows(count: int, tokens: int) -> NDArray[np.int64]:
    ids = np.random.default_rng(5).integers(5, VOCABULARY - 4, (count, tokens), dtype=np.int64)
    ids[:, 1:5] = np.arange(VOCABULARY - 4, VOCABULARY)
    return ids


@pytest.mark.parametrize("task", ["ner", "relation"])
def test_graphs_agree_with_torch_and_int8_stays_near(task: str, tmp_path: Path) -> None:
    model = tiny(task)
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    assert export(model, full, vocabulary=VOCABULARY, per_token=task == "ner") < 1e-3
    quantise(full, small)
    assert small.stat().st_size < 0.5 * full.stat().st_size
    ids = rows(4, 20)
    mask = np.ones_like(ids)
    difference = np.abs(onnx_runner(full)(ids, mask) - onnx_runner(small)(ids, mask)).max()
    assert 0 < difference < 0.05


@pytest.mark.parametrize("task", ["ner", "relation"])
def test_an_int8_row_does_not_depend_on_its_batch(task: str, tmp_path: Path) -> None:
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    export(tiny(task), full, vocabulary=VOCABULARY, per_token=task == "ner")
    quantise(full, small)
    run = onnx_runner(small)
    ids = rows(6, 30)
    mask = np.ones_like(ids)
    ids[0, 12:], mask[0, 12:] = 0, 0
    together = run(ids, mask)[0]
    alone = run(ids[:1, :12], mask[:1, :12])[0]
    # In one batch scale for all rows the difference would be some hundred times as large.
    np.testing.assert_allclose(together[: len(alone)], alone, atol=1e-4)
