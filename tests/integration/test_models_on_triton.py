"""Both models behind the real server: shapes, and answers that do not depend on company."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
import tritonclient.grpc as grpc
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from deploy.local.layout import REPOSITORY
from deploy.local.triton import Triton
from deploy.local.triton_metrics import computed_seconds, given_up_requests, model_states
from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.bio import LABELS
from services.extract.batching import pad

pytestmark = pytest.mark.stack

SENTENCES = {
    "ner": [
        "She developed a rash after amoxicillin.",
        "Nausea on metformin, which was stopped; no hypoglycaemia since, and none is expected.",
        "Seen today.",
    ],
    "relation": [
        "She developed a <ADE>rash</ADE> after <DRUG>amoxicillin</DRUG>.",
        "<DRUG>Metformin</DRUG> for diabetes. She fell on the stairs. There was <ADE>pain</ADE>.",
        "<DRUG>Zocor</DRUG> <ADE>myalgia</ADE>",
    ],
}


def ask(
    server: Triton, model: str, rows: list[list[int]], *, timeout_seconds: float = 240
) -> dict[str, NDArray[np.float32]]:
    """Logits and probabilities of one request."""
    ids, mask = pad(rows)
    inputs = []
    for name, values in (("input_ids", ids), ("attention_mask", mask)):
        tensor = grpc.InferInput(name, list(values.shape), "INT64")
        tensor.set_data_from_numpy(values)
        inputs.append(tensor)
    with grpc.InferenceServerClient(server.grpc) as client:
        result = client.infer(model, inputs, client_timeout=timeout_seconds)
        return {name: result.as_numpy(name) for name in ("logits", "probabilities")}


def rows_of(model: str) -> list[list[int]]:
    encoder = HuggingFaceTokenEncoder(
        REPOSITORY / "model_repository" / model / "1" / "tokenizer.json"
    )
    return [list(encoding.ids) for encoding in encoder.encode(SENTENCES[model])]


@pytest.mark.parametrize(("model", "classes"), [("ner", len(LABELS)), ("relation", 2)])
def test_probabilities_are_the_softmax_of_the_logits(
    triton_server: Triton, model: str, classes: int
) -> None:
    rows = rows_of(model)
    answer = ask(triton_server, model, rows)
    tokens = (max(map(len, rows)),) if model == "ner" else ()
    assert answer["logits"].shape == (len(rows), *tokens, classes)
    powers = np.exp(answer["logits"])
    np.testing.assert_allclose(
        answer["probabilities"], powers / powers.sum(axis=-1, keepdims=True), atol=1e-5
    )


@pytest.mark.parametrize("model", ["ner", "relation"])
def test_a_row_is_answered_alike_alone_and_in_company(triton_server: Triton, model: str) -> None:
    rows = rows_of(model)
    together = ask(triton_server, model, rows)["logits"]
    # Requests of several widths at once: the server joins them into batches of its own.
    with ThreadPoolExecutor(6) as pool:
        alone = list(pool.map(lambda row: ask(triton_server, model, [row])["logits"], rows * 8))
    for index, answer in enumerate(alone):
        row = index % len(rows)
        expected = together[row, : len(rows[row])] if model == "ner" else together[row]
        np.testing.assert_allclose(answer[0], expected, atol=1e-4)


def test_a_call_that_the_graph_refuses_is_answered_and_so_is_the_next(
    triton_server: Triton,
) -> None:
    inputs = []
    for name, width in (("input_ids", 3), ("attention_mask", 4)):
        tensor = grpc.InferInput(name, [1, width], "INT64")
        tensor.set_data_from_numpy(np.full((1, width), 4711, dtype=np.int64))
        inputs.append(tensor)
    with (
        grpc.InferenceServerClient(triton_server.grpc) as client,
        pytest.raises(InferenceServerException) as raised,
    ):
        client.infer("ner", inputs, client_timeout=240)
    assert raised.value.status() == "StatusCode.INTERNAL"
    assert "4711" not in str(raised.value)
    assert ask(triton_server, "ner", rows_of("ner"))["logits"].size


def test_a_server_that_has_started_has_loaded_both_models(triton_server: Triton) -> None:
    states = model_states(triton_server.metrics)
    assert {model for model, _ in states} == {"ner", "relation"}
    assert set(states.values()) == {1.0}


def test_the_time_that_the_models_computed_is_counted(triton_server: Triton) -> None:
    before = computed_seconds(triton_server.metrics)
    ask(triton_server, "relation", rows_of("relation"))
    deadline = time.monotonic() + 120  # the metrics are collected every other second
    while computed_seconds(triton_server.metrics) <= before:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_what_nobody_waits_for_any_more_is_not_computed(triton_server: Triton) -> None:
    def impatient(_: int) -> None:
        with suppress(InferenceServerException):
            ask(triton_server, "ner", [[101] * 128] * 64, timeout_seconds=2)

    before, calls = given_up_requests(triton_server.metrics), 16
    while given_up_requests(triton_server.metrics) == before:
        assert calls < 1000
        with ThreadPoolExecutor(calls) as pool:
            list(pool.map(impatient, range(calls)))
        # One that has company waits until those before it are done or dropped.
        ask(triton_server, "ner", rows_of("ner"), timeout_seconds=900)
        calls *= 2
