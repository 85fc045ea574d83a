"""What a version's code meets within Triton: requests, metrics, and a graph that is a function."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from numpy.typing import NDArray

FINAL = 1
PATIENCE_SECONDS = 300.0

Array = NDArray[Any]
Feed = Mapping[str, Array]
Graph = Callable[[Feed], Mapping[str, Array]]


class Tensor:
    """A named array."""

    def __init__(self, name: str, values: Array) -> None:
        self.name, self._values = name, values

    def as_numpy(self) -> Array:
        return self._values


class Request:
    """What Triton hands over: tensors, and where the response goes."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.tensors = {name: Tensor(name, values) for name, values in arrays.items()}
        self.sent: SimpleQueue[Any] = SimpleQueue()

    def get_response_sender(self) -> Request:
        return self

    def send(self, response: Any, *, flags: int) -> None:
        assert flags == FINAL
        self.sent.put(response)

    def is_cancelled(self) -> bool:
        return False

    def answer(self) -> Any:
        return self.sent.get(timeout=PATIENCE_SECONDS)


class GoneRequest(Request):
    """One whose caller has gone: nothing can be sent."""

    def send(self, response: Any, *, flags: int) -> None:
        raise RuntimeError("closed")


class GivenUpRequest(Request):
    """One whose caller waits no more."""

    def is_cancelled(self) -> bool:
        return True


class UntoldRequest(Request):
    """One of which cannot be told whether somebody waits."""

    def is_cancelled(self) -> bool:
        raise RuntimeError("closed")


class Metrics:
    """Counters and gauges by their names."""

    COUNTER, GAUGE = range(2)

    def __init__(self) -> None:
        self.counted: defaultdict[str, float] = defaultdict(float)

    def __call__(self, *, name: str, description: str, kind: int) -> Any:
        def increment(value: float) -> None:
            self.counted[name] += value

        def put(value: float) -> None:
            self.counted[name] = value

        metric = SimpleNamespace(increment=increment, set=put)
        return SimpleNamespace(Metric=lambda labels: metric)


def response(output_tensors: Sequence[Tensor] = (), error: str | None = None) -> Any:
    return SimpleNamespace(
        outputs={one.name: one.as_numpy() for one in output_tensors}, error=error
    )


def session(
    graph: Graph, inputs: Sequence[str], outputs: Sequence[str], load: Callable[[], None]
) -> type[Any]:
    """The class of ONNX Runtime's sessions, around a graph."""

    class Session:
        def __init__(self, path: str, options: object, providers: object) -> None:
            load()

        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name=name) for name in inputs]

        def get_outputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name=name) for name in outputs]

        def run(self, names: Sequence[str], feed: Feed) -> list[Array]:
            answers = graph(feed)
            return [answers[name] for name in names]

    return Session


@contextmanager
def serving(
    code_file: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, metrics: Metrics
) -> Iterator[Callable[..., Any]]:
    """Starts the code of a version around graphs, as Triton does; at the end, ends it.

    Args:
        code_file: `model.py` of the version.
        repository: gets the version's card.
        monkeypatch: gives the code the modules that it finds within Triton.
        metrics: take what it counts.
    """
    started: list[Any] = []

    def start(
        graph: Graph,
        inputs: Sequence[str],
        outputs: Sequence[str],
        *,
        model: str,
        temperature: float,
        load: Callable[[], None] = lambda: None,
    ) -> Any:
        runtime, utils = ModuleType("onnxruntime"), ModuleType("triton_python_backend_utils")
        vars(runtime).update(
            SessionOptions=lambda: SimpleNamespace(add_session_config_entry=lambda *_: None),
            InferenceSession=session(graph, inputs, outputs, load),
            get_available_providers=lambda: ["CPUExecutionProvider"],
        )
        vars(utils).update(
            Tensor=Tensor,
            InferenceResponse=response,
            TritonError=str,
            TRITONSERVER_RESPONSE_COMPLETE_FINAL=FINAL,
            get_input_tensor_by_name=lambda request, name: request.tensors.get(name),
            MetricFamily=metrics,
            Logger=SimpleNamespace(log_error=lambda text: None),
        )
        monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
        monkeypatch.setitem(sys.modules, "triton_python_backend_utils", utils)
        # Nor does Triton leave bytecode beside the code.
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        (repository / "1").mkdir()
        (repository / "1" / "card.json").write_text(json.dumps({"temperature": temperature}))
        spec = importlib.util.spec_from_file_location("served_code", code_file)
        assert spec is not None
        assert spec.loader is not None
        code = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(code)
        served = code.TritonPythonModel()
        started.append(served)
        served.initialize(
            {
                "model_repository": str(repository),
                "model_version": "1",
                "model_name": model,
                "model_instance_kind": "CPU",
                "model_instance_device_id": "0",
            }
        )
        return served

    yield start
    for served in started:
        served.finalize()
