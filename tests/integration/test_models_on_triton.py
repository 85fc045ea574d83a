"""Both models behind the real server: shapes, and answers that do not depend on company."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tritonclient.grpc as grpc
from numpy.typing import NDArray

from deploy.local.layout import REPOSITORY
from deploy.local.triton import Triton
from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.bio import LABELS, TAGS, TYPES
from services.core.windows import Form
from services.extract.batching import pad, pad_pairs

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


def ask(server: Triton, model: str, rows: list[list[int]]) -> dict[str, NDArray[np.float32]]:
    """Logits and probabilities of one request."""
    ids, mask = pad(rows)
    asked = {"input_ids": ids, "attention_mask": mask}
    if model == "relation" and form_of_relation() is Form.LEVITATED:
        asked["pairs"] = pad_pairs([[(1, 1, 2, 2)]] * len(rows))
    inputs = []
    for name, values in asked.items():
        tensor = grpc.InferInput(name, list(values.shape), "INT64")
        tensor.set_data_from_numpy(values)
        inputs.append(tensor)
    with grpc.InferenceServerClient(server.grpc) as client:
        result = client.infer(model, inputs, client_timeout=240)
        return {name: result.as_numpy(name) for name in ("logits", "probabilities")}


def form_of_relation() -> Form:
    """How the relation model of the repository is shown its pairs."""
    card = REPOSITORY / "model_repository" / "relation" / "1" / "card.json"
    return Form(json.loads(card.read_text()).get("form", Form.MARKED))


def rows_of(model: str) -> list[list[int]]:
    encoder = HuggingFaceTokenEncoder(
        REPOSITORY / "model_repository" / model / "1" / "tokenizer.json"
    )
    return [list(encoding.ids) for encoding in encoder.encode(SENTENCES[model])]


@pytest.mark.parametrize("model", ["ner", "relation"])
def test_probabilities_are_the_softmax_of_the_logits(triton_server: Triton, model: str) -> None:
    rows = rows_of(model)
    answer = ask(triton_server, model, rows)
    items = max(map(len, rows)) if model == "ner" else 1
    # Of ner one row of labels, or one of tags per type (`services.core.bio`).
    columns = {(len(LABELS),), (len(TYPES) * len(TAGS),)} if model == "ner" else {(2,)}
    logits = answer["logits"]
    assert logits.shape[:2] == (len(rows), items)
    assert logits.shape[2:] in columns
    together = logits.shape[2] if logits.shape[2] in (len(LABELS), 2) else len(TAGS)
    powers = np.exp(logits.reshape(len(rows), items, -1, together))
    softmax = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(answer["probabilities"], softmax.reshape(logits.shape), atol=1e-5)


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
