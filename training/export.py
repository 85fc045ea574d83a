"""Trained models to ONNX graphs that any supported ONNX Runtime reads, and their int8 forms."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from services.core.ports import FloatArray, IntArray
from training.predict import Runner, softmax

OPSET = 18
IR_VERSION = 10
"""The newest that ONNX Runtime 1.22 reads."""

PARITY_TOLERANCE = 1e-3
"""Greatest absolute difference of logits between torch and ONNX Runtime, in fp32."""


class ParityError(Exception):
    """The exported graph does not compute what the torch model computes."""


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


def quantise(source: Path, target: Path, *, keep: Sequence[str] = ()) -> None:
    """Weights to int8, activations dynamically.

    Args:
        source: the fp32 graph.
        target: the graph to write.
        keep: parts of node names that stay in fp32.
    """
    logging.getLogger().setLevel(logging.ERROR)
    names = [
        node.name
        for node in onnx.load(str(source)).graph.node
        if any(part in node.name for part in keep)
    ]
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        onnxruntime.quantization.shape_inference.quant_pre_process(
            str(source), str(prepared), skip_symbolic_shape=True
        )
        quantize_dynamic(
            prepared,
            target,
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=names,
        )


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
