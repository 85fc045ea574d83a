"""What runs within Triton, against a graph that is a function: forms, padding, failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from tests.fakes.triton_backend import (
    PATIENCE_SECONDS,
    Array,
    Feed,
    GivenUpRequest,
    GoneRequest,
    Metrics,
    Request,
    UntoldRequest,
    serving,
)
from tests.samples.models import shipped

CODE = shipped("relation") / "model.py"
TOKENS = ("input_ids", "attention_mask")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metrics: Metrics
) -> Iterator[Callable[..., Any]]:
    """Starts the code of a version around a graph; see `serving`."""
    monkeypatch.setattr("os.nice", lambda _: 0)  # this process is not one of Triton's
    with serving(CODE, tmp_path, monkeypatch, metrics) as start:
        yield start


def request(**arrays: Array) -> Request:
    return Request(arrays)


def ask(code: Any, *requests: Request) -> list[Any]:
    """The responses to the requests of one call."""
    assert code.execute(list(requests)) is None
    return [one.answer() for one in requests]


def text(rows: int, tokens: int) -> dict[str, Array]:
    ids = np.arange(1, rows * tokens + 1, dtype=np.int64).reshape(rows, tokens)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def softmax(values: Array) -> Array:
    raised = np.exp(values)
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def test_tags_of_all_types_stand_side_by_side_without_padding(serve: Callable[..., Any]) -> None:
    seen: list[Array] = []

    def graph(feed: Feed) -> Mapping[str, Array]:
        seen.append(feed["attention_mask"])
        ids = feed["input_ids"][..., None, None]
        return {"logits": (ids * np.arange(6).reshape(2, 3) / 10).astype(np.float32)}

    code = serve(graph, TOKENS, ["logits"], model="ner", temperature=2.0)
    short, long = ask(code, request(**text(2, 3)), request(**text(1, 5)))
    assert seen[0].tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1] * 5]
    assert short.outputs["logits"].shape == (2, 3, 6)
    assert long.outputs["logits"].shape == long.outputs["probabilities"].shape == (1, 5, 6)
    # The second row of the first request: ids 4, 5, 6.
    expected = [softmax(6 * np.arange(6).reshape(2, 3) / 10 / 2).ravel()]
    np.testing.assert_allclose(short.outputs["probabilities"][1, 2:], expected, rtol=1e-5)
    assert "statuses" not in short.outputs


def test_all_pairs_of_all_requests_are_asked_about_in_one_run(serve: Callable[..., Any]) -> None:
    seen: list[Array] = []

    def graph(feed: Feed) -> Mapping[str, Array]:
        seen.append(feed["pairs"])
        first = feed["pairs"][..., :1].astype(np.float32)
        return {
            "logits": np.concatenate([np.zeros_like(first), first], axis=-1),
            "status_logits": first * np.arange(6, dtype=np.float32) / 10,
        }

    inputs, outputs = (*TOKENS, "pairs"), ("logits", "status_logits")
    code = serve(graph, inputs, outputs, model="relation", temperature=4.0)
    one = np.array([[[1, 1, 2, 2]], [[2, 2, 1, 1]]], dtype=np.int64)
    two = np.array([[[3, 3, 1, 2], [1, 2, 3, 3]]], dtype=np.int64)
    asked = (request(**text(2, 4), pairs=one), request(**text(1, 7), pairs=two))
    short, long = ask(code, *asked)
    assert seen[0].shape == (3, 2, 4)
    assert seen[0][:2, 1].tolist() == [[-1] * 4] * 2
    assert short.outputs["probabilities"].shape == (2, 1, 2)
    assert short.outputs["statuses"].shape == (2, 1, 6)
    np.testing.assert_allclose(
        long.outputs["probabilities"][0], softmax(np.array([[0, 3], [0, 1]]) / 4), rtol=1e-5
    )
    # The temperature is that of the classes alone.
    np.testing.assert_allclose(
        long.outputs["statuses"][0, 0], softmax(3 * np.arange(6) / 10), rtol=1e-5
    )


def test_a_graph_of_one_pair_per_row_gets_an_axis_for_it(serve: Callable[..., Any]) -> None:
    def graph(feed: Feed) -> Mapping[str, Array]:
        rows = len(feed["input_ids"])
        return {
            "logits": np.tile(np.array([0, 1], dtype=np.float32), (rows, 1)),
            "status_logits": np.zeros((rows, 6), dtype=np.float32),
        }

    outputs = ("logits", "status_logits")
    code = serve(graph, TOKENS, outputs, model="relation", temperature=1.0)
    first, second = ask(code, request(**text(3, 4)), request(**text(1, 2)))
    assert first.outputs["probabilities"].shape == (3, 1, 2)
    assert second.outputs["statuses"].shape == (1, 1, 6)


def test_a_request_without_its_pairs_is_refused_and_the_others_are_answered(
    serve: Callable[..., Any],
) -> None:
    def graph(feed: Feed) -> Mapping[str, Array]:
        return {"logits": np.zeros((*feed["pairs"].shape[:2], 2), dtype=np.float32)}

    code = serve(graph, (*TOKENS, "pairs"), ["logits"], model="relation", temperature=1.0)
    pairs = np.zeros((1, 2, 4), dtype=np.int64)
    refused, answered = ask(code, request(**text(1, 3)), request(**text(1, 3), pairs=pairs))
    assert refused.error == "this version also needs pairs"
    assert answered.outputs["probabilities"].tolist() == [[[0.5, 0.5], [0.5, 0.5]]]
    (alone,) = ask(code, request(**text(1, 3)))
    assert alone.error is not None


def refuses_two_rows(feed: Feed) -> Mapping[str, Array]:
    if len(feed["input_ids"]) == 2:
        raise ValueError(f"cannot read {feed['input_ids'].tolist()}")
    return {"logits": np.zeros((*feed["input_ids"].shape, 3), dtype=np.float32)}


def test_a_call_that_fails_is_told_the_kind_of_failure_and_the_next_is_answered(
    serve: Callable[..., Any],
) -> None:
    code = serve(refuses_two_rows, TOKENS, ["logits"], model="ner", temperature=1.0)
    (failed,) = ask(code, request(**text(2, 3)))
    assert failed.error == "ValueError"
    (answered,) = ask(code, request(**text(1, 3)))
    assert answered.error is None
    assert answered.outputs["logits"].shape[:2] == (1, 3)


def test_a_caller_that_is_gone_keeps_nobody_from_an_answer(serve: Callable[..., Any]) -> None:
    code = serve(refuses_two_rows, TOKENS, ["logits"], model="ner", temperature=1.0)
    there = request(**text(3, 3))
    code.execute([GoneRequest(text(1, 3)), there])
    assert there.answer().error is None
    (later,) = ask(code, request(**text(1, 3)))
    assert later.error is None


def test_what_waits_is_answered_before_the_end(serve: Callable[..., Any], metrics: Metrics) -> None:
    code = serve(refuses_two_rows, TOKENS, ["logits"], model="ner", temperature=1.0)
    waiting = [request(**text(1, 4)) for _ in range(20)]
    for one in waiting:
        code.execute([one])
    code.finalize()
    assert all(one.sent.qsize() == 1 for one in waiting)
    assert metrics.counted["adewatch_model_computed_seconds"] > 0
    assert metrics.counted["adewatch_model_given_up"] == 0


def test_nothing_is_computed_for_those_that_wait_no_more(
    serve: Callable[..., Any], metrics: Metrics
) -> None:
    rows: list[int] = []

    def graph(feed: Feed) -> Mapping[str, Array]:
        rows.append(len(feed["input_ids"]))
        return {"logits": np.zeros((*feed["input_ids"].shape, 3), dtype=np.float32)}

    code = serve(graph, TOKENS, ["logits"], model="ner", temperature=1.0)
    gone, there, untold = GivenUpRequest(text(4, 3)), Request(text(1, 3)), UntoldRequest(text(2, 3))
    code.execute([GivenUpRequest(text(8, 3))])
    assert [one.error for one in ask(code, gone, there, untold)] == ["cancelled", None, None]
    assert rows == [3]
    assert metrics.counted["adewatch_model_given_up"] == 2


def broken() -> None:
    raise ValueError("no graph")


def test_a_version_that_cannot_be_loaded_is_refused(
    serve: Callable[..., Any], metrics: Metrics
) -> None:
    with pytest.raises(ValueError, match="no graph"):
        serve(refuses_two_rows, TOKENS, ["logits"], model="ner", temperature=1.0, load=broken)
    assert metrics.counted["adewatch_model_loaded"] == -1


def test_a_version_may_load_while_the_server_is_ready(
    serve: Callable[..., Any], metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADEWATCH_TRITON_LOADS_LATER", "1")
    may_go_on = Event()

    def load() -> None:
        assert may_go_on.wait(PATIENCE_SECONDS)

    code = serve(refuses_two_rows, TOKENS, ["logits"], model="ner", temperature=1.0, load=load)
    early = request(**text(1, 3))
    code.execute([early])
    assert metrics.counted["adewatch_model_loaded"] == 0
    may_go_on.set()
    assert early.answer().error is None
    assert metrics.counted["adewatch_model_loaded"] == 1


def test_a_version_that_could_not_be_loaded_later_says_so_and_refuses_every_call(
    serve: Callable[..., Any], metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADEWATCH_TRITON_LOADS_LATER", "1")
    code = serve(refuses_two_rows, TOKENS, ["logits"], model="ner", temperature=1.0, load=broken)
    assert [one.error for one in ask(code, request(**text(1, 3)))] == ["ValueError"]
    assert metrics.counted["adewatch_model_loaded"] == -1
