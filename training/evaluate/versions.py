"""Versions of the models in a repository, opened to be measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.adapters.model_files import tag_chains
from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.assertion_combined import read_status_weights
from services.core.confidence import read_confidence
from services.core.windows import Form
from training.errors import DataMissing
from training.evaluate.graphs import onnx_pair_runner, onnx_runner
from training.evaluate.pair_scores import PairModel
from training.evaluate.tagger import Tagger

CLIENT = "client.json"
"""What a client must know of a version that was exported and has no card yet."""


def read_json(path: Path) -> dict[str, Any]:
    """A card or the report of a run.

    Raises:
        DataMissing: it is missing or no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataMissing(f"cannot read {path}: {error!r}") from error
    if not isinstance(found, dict):
        raise DataMissing(f"{path} holds no object")
    return found


def newest(model: Path) -> int:
    """Number of the newest version in the folder of a model; 0 if there is none."""
    numbers = [int(one.name) for one in model.glob("[0-9]*") if one.name.isdigit()]
    return max(numbers, default=0)


def card_of(folder: Path) -> dict[str, Any]:
    """The card of a version, or what its export left of one.

    Raises:
        DataMissing: see `read_json`.
    """
    exported, card = folder / CLIENT, folder / "card.json"
    return read_json(exported if exported.is_file() and not card.is_file() else card)


def open_ner(folder: Path, card: Mapping[str, Any] | None = None) -> Tagger:
    """A NER model from a folder with `model.onnx` and `tokenizer.json`.

    Args:
        folder: the version.
        card: what will become its card; None for what lies there.

    Raises:
        DataMissing: it has no card.
    """
    card = card_of(folder) if card is None else card
    return Tagger(
        onnx_runner(folder / "model.onnx", temperature=temperature_of(card)),
        HuggingFaceTokenEncoder(folder / "tokenizer.json"),
        reads_windows=bool(card.get("reads_windows", False)),
        chains=tag_chains(card),
    )


def open_relation(folder: Path, card: Mapping[str, Any] | None = None) -> PairModel:
    """A relation model; see `open_ner`."""
    card = card_of(folder) if card is None else card
    return PairModel(
        onnx_pair_runner(folder / "model.onnx", temperature=temperature_of(card)),
        HuggingFaceTokenEncoder(folder / "tokenizer.json"),
        form=Form(card.get("form", Form.MARKED)),
        learned_statuses=bool(card.get("learned_statuses", False)),
        confidence=read_confidence(card),
        status_weights=read_status_weights(card),
    )


def temperature_of(card: Mapping[str, Any]) -> float:
    """What the server divides logits by."""
    return float(card.get("temperature", 1.0))
