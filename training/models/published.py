"""Weights of a published version, so that a training can go on from it.

A version in the model repository is a graph in int8 (`training.publish.export.quantise`). Its
weights differ from those that were trained by what rounding lost, which a step of training is
larger than.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn

from services.adapters.model_files import tag_chains
from services.core.bio import TAGS, TagChains
from services.core.windows import MARKERS, Form
from training.errors import DataMissing, TrainingError
from training.models.encoder import load_encoder
from training.models.ner import NerModel
from training.models.relation import RelationConfig, RelationModel, heads_of

CHAIN = "chain."
"""What the names of the weights of a CRF begin with."""

PARTS = ("pair_attention", "context_attention", "markers")
"""Of a relation model, each of which it may lack."""

GRAPH = "model.onnx"
ZERO = 128
"""Of the unsigned bytes of MatMulNBits."""

Arrays = Mapping[str, NDArray[Any]]


def start_from(model: nn.Module, version: Path, tokenizer: Path) -> None:
    """Give a model the weights of a published version.

    Args:
        model: of the same architecture, or with less of it: what the model lacks of the version is
            left out. Changed in place.
        version: the folder, with `model.onnx` and `tokenizer.json`, and of a NER model with
            `card.json`, which has the CRF.
        tokenizer: what the model reads with.

    Raises:
        DataMissing: there is no graph or tokenizer that can be read.
        TrainingError: the graph is not one of such a model, or reads other tokens. A version with
            a CRF is none of a model without; without one, the CRF of the model begins anew.
    """
    weights = published_weights(version / GRAPH)
    if tokens_of(version / "tokenizer.json") != tokens_of(tokenizer):
        raise TrainingError(f"{version} reads other tokens than this encoder")
    expected = model.state_dict()
    # The chain of a CRF is in no graph; the card has it.
    parameters = {name for name, _ in model.named_parameters() if not name.startswith(CHAIN)}
    missing = sorted(parameters - weights.keys())
    if missing:
        raise TrainingError(f"{version} has no weights {missing[0]}: another kind of model")
    for name in parameters:
        if weights[name].shape != expected[name].shape:
            raise TrainingError(
                f"{version}: {name} is {tuple(weights[name].shape)}, "
                f"of this encoder {tuple(expected[name].shape)}"
            )
    chains = published_chains(version) if isinstance(model, NerModel) else None
    layer = model.chain if isinstance(model, NerModel) else None
    if chains is not None and layer is None:
        raise TrainingError(f"{version} has a CRF: go on with one (--crf)")
    model.load_state_dict({**expected, **{name: weights[name] for name in parameters}})
    if layer is not None and chains is not None:
        layer.adopt(chains)


def published_relation(version: Path, encoder: str) -> RelationModel:
    """The relation model of a version in torch, in evaluation mode, its weights as they serve.

    Args:
        version: the folder.
        encoder: what it was trained from, for its architecture: a name or a folder.

    Raises:
        DataMissing: the version is incomplete.
        TrainingError: there is no such encoder, or it was trained from another.
    """
    path = version / "card.json"
    try:
        card = dict(json.loads(path.read_text(encoding="utf-8")))
        form = Form(card["form"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataMissing(f"cannot read {path}: {type(error).__name__}") from error
    tokenizer = version / "tokenizer.json"
    vocabulary = tokens_of(tokenizer)
    made_with = card.get("hyper_parameters", {})
    first, second, third, fourth = (vocabulary[marker] for marker in MARKERS)
    loaded = load_encoder(encoder, vocabulary=len(vocabulary))
    model = RelationModel(
        loaded,
        RelationConfig(
            marker_ids=(first, second, third, fourth),
            form=form,
            heads=heads_of(loaded.width),
            **{part: made_with.get(part, True) for part in PARTS},
        ),
    )
    start_from(model, version, tokenizer)
    return model.eval()


def published_ner(version: Path, encoder: str) -> NerModel:
    """The NER model of a version in torch, in evaluation mode; see `published_relation`."""
    tokenizer = version / "tokenizer.json"
    loaded = load_encoder(encoder, vocabulary=len(tokens_of(tokenizer)))
    model = NerModel(loaded, crf=published_chains(version) is not None)
    start_from(model, version, tokenizer)
    return model.eval()


def published_chains(version: Path) -> TagChains | None:
    """The CRF in the card of a version; None of a model without."""
    path = version / "card.json"
    try:
        written = dict(json.loads(path.read_text(encoding="utf-8")))["chains"]
        chains = tag_chains({"chains": written} if written else {})
        if any(len(chain.start) != len(TAGS) for chain in (chains or {}).values()):
            raise ValueError("another number of tags")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataMissing(f"cannot read {path}: {type(error).__name__}") from error
    return chains


def tokens_of(path: Path) -> dict[str, int]:
    """The tokens of a tokenizer and their ids.

    Raises:
        DataMissing: it cannot be read.
    """
    try:
        vocabulary: dict[str, int] = Tokenizer.from_file(str(path)).get_vocab(
            with_added_tokens=True
        )
    except Exception as error:  # the tokenizer's errors share no root
        raise DataMissing(f"cannot read {path}: {type(error).__name__}") from error
    return vocabulary


def published_weights(graph: Path) -> dict[str, Tensor]:
    """Every parameter of an exported graph in fp32, by its name in the model.

    Raises:
        DataMissing: the file is missing or no graph.
    """
    try:
        loaded = onnx.load(str(graph)).graph
    except Exception as error:  # those of files and of protobuf share no root
        raise DataMissing(f"cannot read {graph}: {type(error).__name__}") from error
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in loaded.initializer}
    # Of weights that are equal the exporter stores one; the others are its copies by name.
    arrays |= {
        node.output[0]: arrays[node.input[0]]
        for node in loaded.node
        if node.op_type == "Identity" and node.input[0] in arrays
    }
    found = {
        name: array.astype(np.float32)
        for name, array in arrays.items()
        if np.issubdtype(array.dtype, np.floating)
    }
    found |= dict(_tables(arrays))
    found |= dict(_matrices(loaded, arrays))
    # Of a relation model that reads one pair at a time another module is exported, around it.
    return {
        name.removeprefix("model."): torch.from_numpy(np.array(array))
        for name, array in found.items()
    }


def _tables(arrays: Arrays) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Embedding tables: ``table[i] = scale[i] · q[i]``."""
    for name, array in arrays.items():
        if name.endswith(".int8"):
            table = name.removesuffix(".int8")
            yield table, (array * arrays[f"{table}.scale"]).astype(np.float32)


def _matrices(graph: onnx.GraphProto, arrays: Arrays) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Weights of linear layers, [out, in]. The exporter names a matrix by a number; its layer is
    that of the bias that is added to what it gives."""
    layers = {
        node.input[1 - place]: name.removesuffix(".bias")
        for node in graph.node
        if node.op_type == "Add"
        for place, name in enumerate(node.input)
        if name in arrays and name.endswith(".bias")
    }
    for node in graph.node:
        layer = layers.get(node.output[0])
        if layer is None:
            continue
        if node.op_type == "MatMulNBits":
            yield f"{layer}.weight", _by_blocks(node, arrays)
        elif node.op_type == "MatMul" and node.input[1] in arrays:
            yield f"{layer}.weight", arrays[node.input[1]].T.astype(np.float32)


def _by_blocks(node: onnx.NodeProto, arrays: Arrays) -> NDArray[np.float32]:
    """``W = scale · (q − 128)``, one scale per block of a row."""
    size = {one.name: one.i for one in node.attribute}
    rows, columns = size["N"], size["K"]
    bytes_ = arrays[node.input[1]].reshape(rows, -1, size["block_size"]).astype(np.float32)
    scales = arrays[node.input[2]].reshape(rows, -1, 1)
    whole = (scales * (bytes_ - ZERO)).reshape(rows, -1)
    found: NDArray[np.float32] = whole[:, :columns].astype(np.float32)
    return found
