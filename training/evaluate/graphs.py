"""Exported graphs of both models, as evaluation asks them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from services.core.model_ports import FloatArray, IntArray
from training.evaluate.pair_scores import PairRunner
from training.evaluate.predict import Runner, flattened, softmax
from training.models.relation import STATUSES


def onnx_runner(path: Path, *, threads: int = 2, temperature: float = 1.0) -> Runner:
    """A graph of the ner model, of either form of answer, as a runner.

    Args:
        path: the graph.
        threads: of ONNX Runtime.
        temperature: of the card; divides the logits as the server's `model.py` does.
    """
    session = session_of(path, threads=threads)

    def run(input_ids: IntArray, attention_mask: IntArray) -> FloatArray:
        feed = {"input_ids": input_ids, "attention_mask": attention_mask}
        return flattened(softmax(session.run(["logits"], feed)[0] / temperature))

    return run


def onnx_pair_runner(path: Path, *, threads: int = 2, temperature: float = 1.0) -> PairRunner:
    """A graph of the relation model, of either form, as a runner; see `onnx_runner`.

    A graph without a head for statuses says nothing of them: all are equally probable.
    """
    session = session_of(path, threads=threads)
    inputs = {value.name for value in session.get_inputs()}
    outputs = [value.name for value in session.get_outputs()]

    def run(ids: IntArray, mask: IntArray, pairs: IntArray) -> tuple[FloatArray, FloatArray]:
        feed = {"input_ids": ids, "attention_mask": mask, "pairs": pairs}
        answers = dict(
            zip(outputs, session.run(outputs, {name: feed[name] for name in inputs}), strict=True)
        )
        # The temperature is that of the classes alone.
        answers["logits"] = answers["logits"] / temperature
        found = {
            name: softmax(values if values.ndim == 3 else values[:, None])
            for name, values in answers.items()
        }
        even = np.full((*found["logits"].shape[:2], len(STATUSES)), 1 / len(STATUSES), np.float32)
        return found["logits"], found.get("status_logits", even)

    return run


def session_of(path: Path, *, threads: int) -> onnxruntime.InferenceSession:
    """A graph that answers on the processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
