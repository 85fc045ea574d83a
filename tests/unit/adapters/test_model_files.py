"""A version is loaded whole, or the one thing that is wrong with it is said."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.adapters import model_files
from services.core.assertion_combined import HEAD_ALONE, status_weights_entry
from services.core.confidence import Confidence
from services.core.contracts import Assertion
from services.core.errors import ConfigurationError
from services.core.model_versions import VersionPair
from tests.samples.models import shipped

WEIGHTS = {"relation": 0.5, "event": 0.2, "drug": 0.3, "constant": -3.0}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one version of a relation model, without its graph."""
    folder = tmp_path / "relation" / "1"
    folder.mkdir(parents=True)
    for name in ("card.json", "tokenizer.json"):
        shutil.copyfile(shipped("relation") / name, folder / name)
    return tmp_path


def write_card(repository: Path, **entries: Any) -> None:
    card = repository / "relation" / "1" / "card.json"
    card.write_text(json.dumps({"model": "relation", "threshold": 0.4, **entries}))


def test_a_version_without_a_card_is_not_what_serves(repository: Path) -> None:
    shutil.copytree(repository / "relation" / "1", repository / "ner" / "1")
    shutil.copytree(repository / "relation" / "1", repository / "relation" / "2")
    pair = VersionPair("1", "1")
    assert model_files.serving_pair(repository) == VersionPair("1", "2")
    (repository / "relation" / "2" / "card.json").unlink()
    assert model_files.serving_pair(repository) == pair
    (repository / "relation" / "1" / "card.json").unlink()
    with pytest.raises(ConfigurationError, match="no version of model relation"):
        model_files.serving_pair(repository)


def test_a_card_says_how_answers_are_weighed(repository: Path) -> None:
    write_card(repository, confidence=WEIGHTS)
    found = model_files.load(repository, "relation", "1")
    assert (found.threshold, found.confidence) == (0.4, Confidence(**WEIGHTS))


def test_a_card_says_how_statuses_are_weighed(repository: Path) -> None:
    weights = HEAD_ALONE._replace(clues={"drug first": dict.fromkeys(Assertion, 0.5)}, rules="3")
    write_card(repository, status_weights=status_weights_entry(weights))
    found = model_files.load(repository, "relation", "1").status_weights
    assert (found.clues, found.rules) == (weights.clues, "3")


def test_a_relation_model_may_answer_for_itself_alone(repository: Path) -> None:
    write_card(repository)
    found = model_files.load(repository, "relation", "1")
    assert found.confidence is None
    assert found.status_weights is HEAD_ALONE


@pytest.mark.parametrize(
    "damage",
    [
        {"threshold": "high"},
        {"form": "none"},
        {"confidence": {"relation": 1.0}},
        {"confidence": {**WEIGHTS, "event": -1.0}},
        {"confidence": [1.0, 0.0, 0.0, 0.0]},
        {"status_weights": {**status_weights_entry(HEAD_ALONE), "bias": [0.0]}},
        {"status_weights": {"rules": "context-3"}},
        {"status_weights": [0.0]},
    ],
)
def test_a_damaged_card_is_no_version(repository: Path, damage: dict[str, Any]) -> None:
    write_card(repository, **damage)
    with pytest.raises(ConfigurationError, match="version 1 of model relation is incomplete"):
        model_files.load(repository, "relation", "1")
