"""The exported graphs compute what torch computes, in any batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from services.core.model_ports import FloatArray
from services.core.windows import Form
from training.evaluate.graphs import onnx_pair_runner, onnx_runner
from training.models.encoder import empty_encoder
from training.models.ner import NerModel
from training.models.relation import RelationConfig, RelationModel
from training.publish.export import export, quantise, signature

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


def tiny(kind: str) -> NerModel | RelationModel:
    torch.manual_seed(3)
    encoder = empty_encoder(dict(CONFIG))
    if kind == "ner":
        return NerModel(encoder).eval()
    markers = (VOCABULARY - 4, VOCABULARY - 3, VOCABULARY - 2, VOCABULARY - 1)
    return RelationModel(
        encoder, RelationConfig(marker_ids=markers, form=Form(kind), heads=4)
    ).eval()


def rows(count: int, tokens: int) -> NDArray[np.int64]:
    ids = np.random.default_rng(5).integers(5, VOCABULARY - 4, (count, tokens), dtype=np.int64)
    ids[:, 1:5] = np.arange(VOCABULARY - 4, VOCABULARY)
    return ids


def answer(path: Path, kind: str, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> FloatArray:
    """Probabilities of a graph; a relation model is asked about two pairs of each row."""
    if kind == "ner":
        return onnx_runner(path)(ids, mask)
    pairs = np.tile(np.array([[2, 3, 7, 8], [9, 9, 1, 4]], dtype=np.int64), (len(ids), 1, 1))
    return onnx_pair_runner(path)(ids, mask, pairs)[0]


KINDS = ["ner", "marked", "levitated"]


@pytest.mark.parametrize("kind", KINDS)
def test_graphs_agree_with_torch_and_int8_stays_near(kind: str, tmp_path: Path) -> None:
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    assert export(tiny(kind), full, vocabulary=VOCABULARY) < 1e-3
    quantise(full, small)
    assert small.stat().st_size < 0.5 * full.stat().st_size
    ids = rows(4, 20)
    mask = np.ones_like(ids)
    difference = np.abs(answer(full, kind, ids, mask) - answer(small, kind, ids, mask)).max()
    assert 0 < difference < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_an_int8_row_does_not_depend_on_its_batch(kind: str, tmp_path: Path) -> None:
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    export(tiny(kind), full, vocabulary=VOCABULARY)
    quantise(full, small)
    ids = rows(6, 30)
    mask = np.ones_like(ids)
    ids[0, 12:], mask[0, 12:] = 0, 0
    together = answer(small, kind, ids, mask)[0]
    alone = answer(small, kind, ids[:1, :12], mask[:1, :12])[0]
    # In one batch scale for all rows the difference would be some hundred times as large.
    np.testing.assert_allclose(together[: len(alone)], alone, atol=1e-4)


def test_a_graph_takes_pairs_only_where_its_form_asks_about_them() -> None:
    assert signature(tiny("levitated")).inputs == ("input_ids", "attention_mask", "pairs")
    assert signature(tiny("marked")).inputs == signature(tiny("ner")).inputs
