"""Converts tensors and runs the graph of this version with ONNX Runtime; nothing else.

Runs in Triton's own environment (numpy < 2, onnxruntime) and shares no code with the services.
Both models of this repository use the same file.
"""

import json
import os
import queue
import threading
import time
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

INPUTS = ("input_ids", "attention_mask")
# Calls that may wait for the thread; one more waits with Triton.
MOST_WAITING = 32


class TritonPythonModel:
    """One instance: one session, and one thread that runs it.

    While it executes, an instance must show Triton within every second that it lives, or it is
    killed with all that it was asked. A busy host can keep it from that for longer than a second.
    So `execute` only hands the requests on, and the thread answers them.
    """

    def initialize(self, args):
        """Load this version, or begin to if ADEWATCH_TRITON_LOADS_LATER is set.

        Waiting for the graph makes Triton keep the old version until the new one can answer. A
        host that keeps the processor away from a model for a second would let none ever load so:
        there the metric `adewatch_model_loaded` says when it has (1) or that it cannot (-1).
        """
        self._families = []
        # Triton's own figure ends with `execute`, before anything is computed.
        self._seconds = self._metric(
            args,
            pb_utils.MetricFamily.COUNTER,
            "adewatch_model_computed_seconds",
            "Seconds in which a model computed answers",
        )
        self._given_up = self._metric(
            args,
            pb_utils.MetricFamily.COUNTER,
            "adewatch_model_given_up",
            "Requests whose caller had gone when their turn came",
        )
        self._loaded = self._metric(
            args,
            pb_utils.MetricFamily.GAUGE,
            "adewatch_model_loaded",
            "1 if a model has its graph, 0 before, -1 if it cannot load it",
        )
        self._failure = None
        self._done = threading.Event()
        self._waiting = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(
            target=self._load_and_answer, args=(args,), name="answers", daemon=True
        )
        self._thread.start()
        if os.environ.get("ADEWATCH_TRITON_LOADS_LATER"):
            return
        self._done.wait()
        if self._failure is not None:
            self.finalize()
            raise self._failure

    def execute(self, requests):
        """Hand the requests of one call to the thread."""
        self._waiting.put(requests)

    def finalize(self):
        """Answer what waits, then end."""
        self._waiting.put(None)
        self._thread.join()

    def _load_and_answer(self, args):
        # This thread, and those that it starts, yield to the one that tells Triton of our life.
        os.nice(10)
        try:
            self._load(args)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits
            self._failure = error
            pb_utils.Logger.log_error(f"{args['model_name']} cannot be loaded: {error}")
        _attempt(self._loaded.set, 1 if self._failure is None else -1)
        self._done.set()
        self._answer()

    def _load(self, args):
        """The graph, and the temperature of its card."""
        folder = Path(args["model_repository"]) / args["model_version"]
        options = onnxruntime.SessionOptions()
        threads = os.environ.get("ADEWATCH_TRITON_THREADS") or os.cpu_count() or 1
        options.intra_op_num_threads = int(threads)
        # Threads that spin while no request is there would starve the rest of a small host.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=_providers(args)
        )
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        self._temperature = float(card.get("temperature", 1.0))

    def _metric(self, args, kind, name, description):
        """A metric of this version; its family must live as long."""
        family = pb_utils.MetricFamily(name=name, description=description, kind=kind)
        self._families.append(family)
        return family.Metric(labels={"model": args["model_name"], "version": args["model_version"]})

    def _answer(self):
        """Answer call after call: each request once, a call that fails with the kind of failure."""
        while (requests := self._waiting.get()) is not None:
            requests = [request for request in requests if not self._is_given_up(request)]
            if not requests:
                continue
            started = time.perf_counter()
            try:
                responses = self._responses(requests)
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits
                failure = pb_utils.TritonError(type(error).__name__)
                responses = [pb_utils.InferenceResponse([], failure) for _ in requests]
            computed = time.perf_counter() - started
            for request, response in zip(requests, responses, strict=True):
                _attempt(_send, request, response)
            _attempt(self._seconds.increment, computed)

    def _is_given_up(self, request):
        """Whether the caller has gone; to compute for it would make all others wait.

        A server that is too slow for its callers' patience would compute for nobody but those.
        """
        if not _is_cancelled(request):
            return False
        gone = pb_utils.InferenceResponse([], pb_utils.TritonError("cancelled"))
        _attempt(_send, request, gone)
        _attempt(self._given_up.increment, 1)
        return True

    def _responses(self, requests):
        """All requests of one call in one run: [rows, tokens] padded to the longest."""
        if self._failure is not None:
            raise self._failure
        inputs = [
            [pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in INPUTS]
            for request in requests
        ]
        width = max(ids.shape[1] for ids, _ in inputs)
        feed = {
            name: np.concatenate([_padded(pair[place], width) for pair in inputs])
            for place, name in enumerate(INPUTS)
        }
        logits = self._session.run(["logits"], feed)[0].astype(np.float32)
        probabilities = _softmax(logits / self._temperature)
        responses, start = [], 0
        for ids, _ in inputs:
            rows = slice(start, start + ids.shape[0])
            start += ids.shape[0]
            responses.append(_response(logits[rows], probabilities[rows], ids.shape[1]))
        return responses


def _is_cancelled(request):
    try:
        return request.get_response_sender().is_cancelled()
    except Exception:  # noqa: BLE001 - where that cannot be told, somebody waits
        return False


def _send(request, response):
    request.get_response_sender().send(
        response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
    )


def _attempt(action, *arguments):
    """Whatever fails for one request, the thread must go on for the others."""
    try:
        action(*arguments)
    except Exception as error:  # noqa: BLE001 - see above
        pb_utils.Logger.log_error(f"{action.__name__} failed: {type(error).__name__}")


def _providers(args):
    device = int(args["model_instance_device_id"])
    if args["model_instance_kind"] == "GPU" and (
        "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    ):
        return [("CUDAExecutionProvider", {"device_id": device}), "CPUExecutionProvider"]
    return ["CPUExecutionProvider"]


def _padded(rows, width):
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])))


def _softmax(logits):
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def _response(logits, probabilities, tokens):
    tensors = []
    for name, values in (("logits", logits), ("probabilities", probabilities)):
        # One row per token keeps the request's own width; one row per pair has none.
        own = values[:, :tokens] if values.ndim == 3 else values
        tensors.append(pb_utils.Tensor(name, np.ascontiguousarray(own)))
    return pb_utils.InferenceResponse(output_tensors=tensors)
