"""Trained models to ONNX graphs that any supported ONNX Runtime reads, and their int8 forms."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from torch import nn

from services.core.ports import FloatArray, IntArray
from training.errors import ParityError
from training.predict import Runner, softmax

OPSET = 18
IR_VERSION = 10
"""The newest that ONNX Runtime 1.22 reads."""

BLOCK = 64
"""Weights of a matrix that share a scale."""

INT8_ACTIVATIONS = 4
"""MatMulNBits' accuracy level that multiplies in int8."""

LARGE_TABLE_ROWS = 1024
"""Embedding tables of fewer rows are not worth it."""

PARITY_TOLERANCE = 1e-3
"""Greatest absolute difference of logits between torch and ONNX Runtime, in fp32."""


def export(model: nn.Module, path: Path, *, vocabulary: int, per_token: bool) -> float:
    """Write the graph `input_ids, attention_mask → logits` and compare it with torch.

    Args:
        model: takes both inputs and returns logits, in evaluation mode.
        path: the file to write.
        vocabulary: ids of the example inputs are below it.
        per_token: whether logits are [batch, tokens, classes] or [batch, classes].

    Returns:
        The greatest absolute difference of logits over inputs of several shapes.

    Raises:
        ParityError: it is above `PARITY_TOLERANCE`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ids, mask = (torch.from_numpy(array) for array in _example(3, 17, vocabulary))
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (ids, mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={
                "input_ids": axes,
                "attention_mask": axes,
                "logits": axes if per_token else {0: "batch"},
            },
            opset_version=OPSET,
            dynamo=False,
        )
    graph = onnx.load(str(path))
    graph.ir_version = IR_VERSION
    onnx.save(graph, str(path))
    difference = _difference(model, path, vocabulary)
    if difference > PARITY_TOLERANCE:
        raise ParityError(f"logits of {path.name} differ from torch by {difference:.2g}")
    return difference


def quantise(source: Path, target: Path) -> None:
    """Weights to int8: embeddings by row, matrices by blocks (MatMulNBits, 8 bits).

    Activations are quantised per row inside MatMulNBits, so the answer for a row does not depend
    on the batch it is in. Dynamic quantisation, whose scales span the batch, was tried and gave
    up to 0.7 of difference in a logit: the same note would be read differently in other company.

    Args:
        source: the fp32 graph.
        target: the graph to write.
    """
    graph = onnx.load(str(source))
    _quantise_embeddings(graph.graph)
    quantizer = MatMulNBitsQuantizer(
        graph, bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=INT8_ACTIVATIONS
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


def onnx_runner(path: Path, *, threads: int = 2) -> Runner:
    """A graph as a runner."""
    session = _session(path, threads)

    def run(input_ids: IntArray, attention_mask: IntArray) -> FloatArray:
        feed = {"input_ids": input_ids, "attention_mask": attention_mask}
        return softmax(session.run(["logits"], feed)[0])

    return run


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _difference(model: nn.Module, path: Path, vocabulary: int) -> float:
    session = _session(path, 1)
    greatest = 0.0
    for batch, tokens in ((1, 5), (2, 40), (5, 11)):
        ids, mask = _example(batch, tokens, vocabulary)
        with torch.inference_mode():
            expected = model(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        answer = session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        greatest = max(greatest, float(np.abs(answer - expected)[_real(mask, answer)].max()))
    return greatest


def _real(mask: IntArray, answer: FloatArray) -> tuple[object, ...]:
    """What counts of an answer: everything, or the tokens that are no padding."""
    return (mask.astype(bool),) if answer.ndim == 3 else (slice(None),)


def _example(batch: int, tokens: int, vocabulary: int) -> tuple[IntArray, IntArray]:
    rng = np.random.default_rng(batch * 1000 + tokens)
    # The last ids of the vocabulary are the relation model's markers: each once, in order.
    ids = rng.integers(1, vocabulary - 4, size=(batch, tokens), dtype=np.int64)
    if tokens >= 5:
        ids[:, 1:5] = np.arange(vocabulary - 4, vocabulary)
    mask = np.ones((batch, tokens), dtype=np.int64)
    if batch > 1:
        ids[0, tokens - 2 :], mask[0, tokens - 2 :] = 0, 0
    return ids, mask
