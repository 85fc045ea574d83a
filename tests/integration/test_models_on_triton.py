"""Both models behind the real server: shapes, and answers that do not depend on company."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import psutil
import pytest
import tritonclient.grpc as grpc
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from deploy.local.triton import Triton
from deploy.local.triton_metrics import computed_seconds, given_up_requests, model_states
from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.bio import LABELS, TAGS, TYPES
from services.core.spans import Span
from services.core.windows import Form, pair_tokens
from services.extract.batching import Quad, pad, pad_pairs
from tests.samples.models import SHIPPED, shipped

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


@dataclass(frozen=True)
class Question:
    """A row, and the pair it is asked about if the version wants one."""

    ids: list[int]
    pair: Quad | None = None


def ask(
    server: Triton, model: str, asked: list[Question], *, timeout_seconds: float = 240
) -> dict[str, NDArray[np.float32]]:
    """Logits and probabilities of one request."""
    ids, mask = pad([one.ids for one in asked])
    arrays = {"input_ids": ids, "attention_mask": mask}
    pairs = [[one.pair] for one in asked if one.pair is not None]
    if pairs:
        arrays["pairs"] = pad_pairs(pairs)
    inputs = []
    for name, values in arrays.items():
        tensor = grpc.InferInput(name, list(values.shape), "INT64")
        tensor.set_data_from_numpy(values)
        inputs.append(tensor)
    with grpc.InferenceServerClient(server.grpc) as client:
        result = client.infer(model, inputs, client_timeout=timeout_seconds)
        return {name: result.as_numpy(name) for name in ("logits", "probabilities")}


def questions(model: str) -> list[Question]:
    """The sentences in the form of the version that is shipped."""
    version = shipped(model)
    encoder = HuggingFaceTokenEncoder(version / "tokenizer.json")
    card = json.loads((version / "card.json").read_text(encoding="utf-8"))
    sentences = SENTENCES[model]
    if card.get("form") != Form.LEVITATED:
        return [Question(list(encoding.ids)) for encoding in encoder.encode(sentences)]
    plain = [unmarked(sentence) for sentence in sentences]
    return [
        Question(
            list(encoding.ids),
            pair_tokens(
                encoding.offsets,
                Span(0, len(text)),
                mention(sentence, "DRUG"),
                mention(sentence, "ADE"),
            ),
        )
        for sentence, text, encoding in zip(sentences, plain, encoder.encode(plain), strict=True)
    ]


def unmarked(sentence: str) -> str:
    """A sentence without its markers."""
    return re.sub(r"</?(?:DRUG|ADE)>", "", sentence)


def mention(sentence: str, marker: str) -> Span:
    """Where a marked mention stands in the sentence without markers."""
    before, rest = sentence.split(f"<{marker}>")
    start = len(unmarked(before))
    return Span(start, start + len(rest.split(f"</{marker}>")[0]))


@pytest.mark.parametrize("model", ["ner", "relation"])
def test_probabilities_are_the_softmax_of_the_logits(triton_server: Triton, model: str) -> None:
    asked = questions(model)
    answer = ask(triton_server, model, asked)
    rows, items, columns = answer["logits"].shape
    assert rows == len(asked)
    assert items == (max(len(one.ids) for one in asked) if model == "ner" else 1)
    per_type = len(TYPES) * len(TAGS)
    assert columns in ((len(LABELS), per_type) if model == "ner" else (2,))
    # One softmax per type where the types stand side by side.
    width = len(TAGS) if columns == per_type else columns
    powers = np.exp(answer["logits"].reshape(rows, items, -1, width))
    expected = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(
        answer["probabilities"], expected.reshape(rows, items, columns), atol=1e-5
    )


@pytest.mark.parametrize("model", ["ner", "relation"])
def test_a_row_is_answered_alike_alone_and_in_company(triton_server: Triton, model: str) -> None:
    asked = questions(model)
    together = ask(triton_server, model, asked)["logits"]
    # Requests of several widths at once: the server joins them into batches of its own.
    with ThreadPoolExecutor(6) as pool:
        alone = list(pool.map(lambda one: ask(triton_server, model, [one])["logits"], asked * 8))
    for index, answer in enumerate(alone):
        row = index % len(asked)
        length = len(asked[row].ids) if model == "ner" else 1
        np.testing.assert_allclose(answer[0], together[row, :length], atol=1e-4)


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
    assert ask(triton_server, "ner", questions("ner"))["logits"].size


def test_a_server_that_has_started_has_loaded_both_models(triton_server: Triton) -> None:
    states = model_states(triton_server.metrics)
    assert {model for model, _ in states} == {"ner", "relation"}
    assert set(states.values()) == {1.0}


def test_the_time_that_the_models_computed_is_counted(triton_server: Triton) -> None:
    before = computed_seconds(triton_server.metrics)
    ask(triton_server, "relation", questions("relation"))
    deadline = time.monotonic() + 120  # the metrics are collected every other second
    while computed_seconds(triton_server.metrics) <= before:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_what_nobody_waits_for_any_more_is_not_computed(triton_server: Triton) -> None:
    def impatient(_: int) -> None:
        with suppress(InferenceServerException):
            ask(triton_server, "ner", [Question([101] * 128)] * 64, timeout_seconds=2)

    before, calls = given_up_requests(triton_server.metrics), 16
    while given_up_requests(triton_server.metrics) == before:
        assert calls < 1000
        with ThreadPoolExecutor(calls) as pool:
            list(pool.map(impatient, range(calls)))
        # One that has company waits until those before it are done or dropped.
        ask(triton_server, "ner", questions("ner"), timeout_seconds=900)
        calls *= 2


def test_a_server_leaves_nothing_in_the_repository(triton_server: Triton) -> None:
    ask(triton_server, "ner", questions("ner"))
    began = psutil.Process().create_time()
    written = [path for path in SHIPPED.rglob("*.pyc") if path.stat().st_mtime > began]
    assert not written
