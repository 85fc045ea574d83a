"""Trained models to ONNX graphs that any supported ONNX Runtime reads, and their int8 forms."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from torch import Tensor, nn

from services.core.model_ports import IntArray
from services.core.windows import Form
from training.errors import ParityError
from training.evaluate.graphs import session_of
from training.models.relation import RelationModel
from training.settings import PARITY_TOLERANCE

TOKENS = ("input_ids", "attention_mask")
OPSET = 18
IR_VERSION = 10
"""The newest that ONNX Runtime 1.22 reads."""

BLOCK = 64
"""Weights of a matrix that share a scale."""

FLOAT_ACTIVATIONS, INT8_ACTIVATIONS = 1, 4
"""MatMulNBits' accuracy levels that multiply in fp32 and in int8."""

LARGE_TABLE_ROWS = 1024
"""Embedding tables of fewer rows are not worth it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The names of a graph's tensors: inputs in the order of the model's arguments."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def signature(model: nn.Module) -> Signature:
    """What the graph of a model takes and gives; see `model.py` in the model repository."""
    if isinstance(model, RelationModel):
        asked = ("pairs",) if model.config.form is Form.LEVITATED else ()
        return Signature((*TOKENS, *asked), ("logits", "status_logits"))
    return Signature(TOKENS, ("logits",))


def export(model: nn.Module, path: Path, *, vocabulary: int) -> float:
    """Write the graph of a model and compare it with torch.

    Args:
        model: in evaluation mode.
        path: the file to write.
        vocabulary: ids of the example inputs are below it.

    Returns:
        The greatest absolute difference of logits over inputs of several shapes.

    Raises:
        ParityError: it is above `PARITY_TOLERANCE`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    names = signature(model)
    example = [torch.from_numpy(array) for array in _example(3, 17, 3, vocabulary)]
    served = model
    if names.inputs == TOKENS:
        example = example[: len(TOKENS)]
        if isinstance(model, RelationModel):
            # The exporter leaves a module in the mode it was given in, and a new one trains.
            served = _OnePair(model).eval()
    asked = {"pairs": {0: "batch", 1: "pairs"}}
    items = {0: "batch", 1: "pairs" if "pairs" in names.inputs else "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            served,
            tuple(example),
            str(path),
            input_names=list(names.inputs),
            output_names=list(names.outputs),
            dynamic_axes={
                **{name: {0: "batch", 1: "tokens"} for name in TOKENS},
                **(asked if "pairs" in names.inputs else {}),
                **{name: {0: "batch"} if served is not model else items for name in names.outputs},
            },
            opset_version=OPSET,
            dynamo=False,
        )
    graph = onnx.load(str(path))
    graph.ir_version = IR_VERSION
    onnx.save(graph, str(path))
    difference = _difference(served, path, names, vocabulary)
    if difference > PARITY_TOLERANCE:
        raise ParityError(f"logits of {path.name} differ from torch by {difference:.2g}")
    return difference


class _OnePair(nn.Module):
    """A marked relation model as a graph of ids and mask, without the axis of its one pair."""

    def __init__(self, model: RelationModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        nowhere = torch.zeros(input_ids.shape[0], 1, 4, dtype=torch.int64)
        logits, status = self.model(input_ids, attention_mask, nowhere)
        return logits.squeeze(1), status.squeeze(1)


def quantise(source: Path, target: Path, *, int8_activations: bool | None = None) -> None:
    """Weights to int8: embeddings by row, matrices by blocks (MatMulNBits, 8 bits).

    Activations are quantised per row inside MatMulNBits, so the answer for a row does not depend
    on the batch it is in. Dynamic quantisation, whose scales span the batch, was tried and gave
    up to 0.7 of difference in a logit: the same note would be read differently in other company.

    In a graph that is asked about pairs activations stay floating point. Its markers stand behind
    the padding of their row, so sums over a row are taken in another order when the row is padded
    otherwise, and rounding to int8 made 0.01 of a logit of the seventh digit.

    Args:
        source: the fp32 graph.
        target: the graph to write.
        int8_activations: whether products are of int8; None for what serves.
    """
    graph = onnx.load(str(source))
    _quantise_embeddings(graph.graph)
    if int8_activations is None:
        int8_activations = all(one.name != "pairs" for one in graph.graph.input)
    quantizer = MatMulNBitsQuantizer(
        graph,
        bits=8,
        block_size=BLOCK,
        is_symmetric=True,
        accuracy_level=INT8_ACTIVATIONS if int8_activations else FLOAT_ACTIVATIONS,
    )
    quantizer.process()
    quantizer.model.save_model_to_file(str(target), use_external_data_format=False)


def _quantise_embeddings(graph: onnx.GraphProto) -> None:
    """Large embedding tables as int8 with a scale per row: ``table[i] ≈ scale[i] · q[i]``."""
    tables = {tensor.name: tensor for tensor in graph.initializer}
    for place, node in reversed(list(enumerate(graph.node))):
        tensor = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if tensor is None or len(tensor.dims) != 2 or tensor.dims[0] < LARGE_TABLE_ROWS:
            continue
        table = numpy_helper.to_array(tensor)
        scales = np.abs(table).max(axis=1, keepdims=True) / 127
        scales[scales == 0] = 1
        quantised = np.clip(np.round(table / scales), -127, 127).astype(np.int8)
        name, ids, out = tensor.name, node.input[1], node.output[0]
        graph.initializer.remove(tensor)
        graph.initializer.extend(
            [
                numpy_helper.from_array(quantised, f"{name}.int8"),
                numpy_helper.from_array(scales.astype(np.float32), f"{name}.scale"),
            ]
        )
        del graph.node[place]
        replacement = [
            helper.make_node("Gather", [f"{name}.int8", ids], [f"{out}.int8"], axis=0),
            helper.make_node("Cast", [f"{out}.int8"], [f"{out}.fp32"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}.scale", ids], [f"{out}.scale"], axis=0),
            helper.make_node("Mul", [f"{out}.fp32", f"{out}.scale"], [out]),
        ]
        for offset, new in enumerate(replacement):
            graph.node.insert(place + offset, new)


def _difference(model: nn.Module, path: Path, names: Signature, vocabulary: int) -> float:
    session = session_of(path, threads=1)
    greatest = 0.0
    for batch, tokens, asked in ((1, 5, 1), (2, 40, 5), (5, 11, 2)):
        arrays = _example(batch, tokens, asked, vocabulary)[: len(names.inputs)]
        with torch.inference_mode():
            expected = model(*(torch.from_numpy(array) for array in arrays))
        expected = expected if isinstance(expected, tuple) else (expected,)
        feed = dict(zip(names.inputs, arrays, strict=True))
        for answer, right in zip(session.run(list(names.outputs), feed), expected, strict=True):
            apart = np.abs(answer - right.numpy())
            # Padding has no answer; the row of tokens of ner is the only output that has any.
            real = arrays[1].astype(bool) if names.outputs == ("logits",) else slice(None)
            greatest = max(greatest, float(apart[real].max()))
    return greatest


def _example(
    batch: int, tokens: int, asked: int, vocabulary: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Ids, mask and pairs; the first row is shorter where there are several."""
    rng = np.random.default_rng(batch * 1000 + tokens)
    # The last ids of the vocabulary are the relation model's markers: each once, in order.
    ids = rng.integers(1, vocabulary - 4, size=(batch, tokens), dtype=np.int64)
    if tokens >= 5:
        ids[:, 1:5] = np.arange(vocabulary - 4, vocabulary)
    mask = np.ones((batch, tokens), dtype=np.int64)
    starts = rng.integers(0, tokens - 3, size=(batch, asked, 2), dtype=np.int64)
    pairs = np.stack([starts, starts + 1], axis=-1).reshape(batch, asked, 4)
    if batch > 1:
        ids[0, tokens - 2 :], mask[0, tokens - 2 :] = 0, 0
    return ids, mask, pairs
