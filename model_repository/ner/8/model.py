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
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._outputs = [value.name for value in self._session.get_outputs()]
        self._per_token = args["model_name"] == "ner"
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
        """All requests of one call in one run: rows padded to the longest, and with -1 to the
        one that asks about most pairs."""
        if self._failure is not None:
            raise self._failure
        asked = [
            [pb_utils.get_input_tensor_by_name(request, name) for name in self._inputs]
            for request in requests
        ]
        refused = {
            place: _refusal(self._inputs, tensors)
            for place, tensors in enumerate(asked)
            if any(tensor is None for tensor in tensors)
        }
        answered = iter(
            self._answers(
                [
                    [tensor.as_numpy() for tensor in tensors]
                    for place, tensors in enumerate(asked)
                    if place not in refused
                ]
            )
        )
        return [refused.get(place) or next(answered) for place in range(len(requests))]

    def _answers(self, asked):
        """One response per request, all of them complete."""
        if not asked:
            return []
        feed = {
            name: _joined([arrays[place] for arrays in asked], -1 if name == "pairs" else 0)
            for place, name in enumerate(self._inputs)
        }
        answers = dict(zip(self._outputs, self._session.run(self._outputs, feed), strict=True))
        logits = self._by_item(answers["logits"].astype(np.float32))
        outputs = {"logits": logits, "probabilities": _softmax(logits / self._temperature)}
        if logits.ndim == 4:
            # One softmax per type; the types stand side by side.
            outputs = {
                name: values.reshape(*values.shape[:2], -1) for name, values in outputs.items()
            }
        if "status_logits" in answers:
            outputs["statuses"] = _softmax(
                self._by_item(answers["status_logits"].astype(np.float32))
            )
        responses, start = [], 0
        for arrays in asked:
            rows = slice(start, start + arrays[0].shape[0])
            start += arrays[0].shape[0]
            # The last input has one column per token of ner and per pair of relation.
            items = arrays[-1].shape[1] if self._per_token or "pairs" in self._inputs else 1
            responses.append(
                pb_utils.InferenceResponse(
                    output_tensors=[
                        pb_utils.Tensor(name, np.ascontiguousarray(values[rows, :items]))
                        for name, values in outputs.items()
                    ]
                )
            )
        return responses

    def _by_item(self, values):
        """[rows, items, …]: a graph that reads one pair per row has no axis for it."""
        return values if self._per_token or values.ndim > 2 else values[:, None]


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


def _joined(arrays, filling):
    """Rows of all requests, each padded to the widest."""
    width = max(array.shape[1] for array in arrays)
    return np.concatenate(
        [
            np.pad(
                array,
                [(0, 0), (0, width - array.shape[1])] + [(0, 0)] * (array.ndim - 2),
                constant_values=filling,
            )
            for array in arrays
        ]
    )


def _refusal(names, tensors):
    missing = ", ".join(name for name, tensor in zip(names, tensors, strict=True) if tensor is None)
    return pb_utils.InferenceResponse(
        error=pb_utils.TritonError(f"this version also needs {missing}")
    )


def _softmax(logits):
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)
