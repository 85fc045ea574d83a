"""What lies in the model repository is complete and is what its cards say."""

import json
from pathlib import Path

import pytest

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.confidence import read_confidence
from services.core.windows import MARKERS
from tests.samples.models import shipped
from training.corpora.adewatch import read_notes, split_notes
from training.evaluate.kinds import MEASURED
from training.models.relation import CLASSES, STATUSES
from training.publish.cards import sha256
from training.settings import SEED
from training.train.rehearsal import known_to

REPOSITORY = Path(__file__).parents[3] / "model_repository"
MODELS = ("ner", "relation")
VERSIONS = sorted(path for model in MODELS for path in (REPOSITORY / model).glob("[0-9]*"))


def test_both_models_have_a_version() -> None:
    assert {path.parent.name for path in VERSIONS} == set(MODELS)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_version_is_complete_and_is_what_its_card_says(version: Path) -> None:
    card = json.loads((version / "card.json").read_text(encoding="utf-8"))
    assert card["model"] == version.parent.name
    assert card["version"] == int(version.name)
    assert 0 < card["threshold"] < 1
    assert card["temperature"] > 0
    assert card["sha256"]["model.onnx"] == sha256(version / "model.onnx")
    # The first versions are older than our own notes.
    expected = {"ade", "clinical"} if "adewatch" not in card["data"] else set(MEASURED)
    assert set(card["metrics_test"]) == expected
    assert (version / "CARD.md").read_text(encoding="utf-8").startswith("# Model")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_version_says_what_it_learned_from(version: Path) -> None:
    card = json.loads((version / "card.json").read_text(encoding="utf-8"))
    known = known_to(str(version), share=0.5)
    assert len(known.contents) >= sum(part["documents"]["train"] for part in card["data"].values())
    # Our own notes lie in the repository: those that measure are the same for everybody.
    known.refuse_held_out({"adewatch": split_notes(read_notes(), seed=SEED)})


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_version_has_its_tokenizer(version: Path) -> None:
    encoder = HuggingFaceTokenEncoder(version / "tokenizer.json")
    if version.parent.name == "relation":
        assert len(set(encoder.marker_ids(MARKERS))) == len(MARKERS)
    (encoding,) = encoder.encode(["She had a rash."])
    assert len(encoding.ids) == 7


def test_the_relation_model_that_serves_is_weighed_with_the_ner_model_that_serves() -> None:
    card = json.loads((shipped("relation") / "card.json").read_text(encoding="utf-8"))
    assert read_confidence(card) is not None
    assert card["confidence"]["fitted_with_ner"] == sha256(shipped("ner") / "model.onnx")


def test_weights_are_small_enough_for_a_repository() -> None:
    # A byte for each of at most thirty million parameters, and the scales of their blocks.
    weights = {version: (version / "model.onnx").stat().st_size for version in VERSIONS}
    assert max(weights.values()) <= 34_000_000
    assert sum(weights.values()) <= 68_000_000


def test_both_models_run_the_same_code() -> None:
    assert len({(version / "model.py").read_text() for version in VERSIONS}) == 1


def test_the_configuration_has_the_classes_of_the_code() -> None:
    relation = (REPOSITORY / "relation" / "config.pbtxt").read_text()
    assert relation.count(f"dims: [ -1, {len(CLASSES)} ]") == 2
    assert relation.count(f"dims: [ -1, {len(STATUSES)} ]") == 1
