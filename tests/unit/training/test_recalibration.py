"""A version with the graph of another under weights fitted anew."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.core.assertion_rules import VERSION
from services.core.confidence import Confidence
from tests.fakes.documents import document
from tests.samples.models import shipped
from training.corpora.documents import Document
from training.errors import DataMissing
from training.evaluate.status_weights import CORPORA
from training.publish.cards import sha256

pytestmark = pytest.mark.training

WEIGHTS = Confidence(relation=0.0, event=0.0, drug=0.0, constant=-9.0)
TEXT = "She had {rash} after [Zocor]."


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The models that ship, as versions 7 and 9."""
    shutil.copytree(shipped("ner"), tmp_path / "ner" / "7")
    shutil.copytree(shipped("relation"), tmp_path / "relation" / "9")
    return tmp_path


def parts() -> Any:
    from training.evaluate.kinds import CALIBRATED_ON
    from training.train.splits import Parts

    def note(name: str, part: str) -> Document:
        return document(TEXT, (("T2", "T1"),), doc_id=f"{name} {part}", corpus=name)

    return {name: Parts([], [note(name, "dev")], [note(name, "test")]) for name in CALIBRATED_ON}


def test_the_graph_stays_and_weights_threshold_and_figures_are_new(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.publish import recalibration, versions

    def doubtful(ner: Any, relation: Any, dev: Any) -> tuple[Confidence, float]:
        assert {one.doc_id.split()[1] for part in dev.values() for one in part} == {"dev"}
        return WEIGHTS, 0.35

    monkeypatch.setattr(versions, "calibrated", doubtful)
    old, ner = repository / "relation" / "9", repository / "ner" / "7"
    folder = repository / "relation" / "10"
    before = json.loads((old / "card.json").read_text("utf-8"))
    before["status_weights"] |= {"rules": "context-0", "relations": 7_000_000}
    (old / "card.json").write_text(json.dumps(before))
    found: Any = recalibration.calibrate(parts(), ner, old, folder)
    assert {path.name for path in folder.iterdir()} == {
        *recalibration.KEPT,
        "card.json",
        "CARD.md",
    }
    for name in recalibration.KEPT:
        assert (folder / name).read_bytes() == (old / name).read_bytes()
    before, card = (json.loads((one / "card.json").read_text("utf-8")) for one in (old, folder))
    assert (card["version"], card["threshold"]) == (10, 0.35)
    assert card["graph_of_version"] == before.get("graph_of_version", 9)
    assert card["confidence"]["constant"] == -9.0
    assert card["confidence"]["fitted_with_ner"] == sha256(ner / "model.onnx")
    graph = card["graph_of_version"]
    assert (
        card["commands"][-1] == f"{recalibration.COMMAND} --ner 7 --relation {graph} --version 10"
    )
    assert card["hyper_parameters"] == before["hyper_parameters"]
    # A relation of each development note of a corpus with statuses, and the rules that are.
    assert card["status_weights"]["rules"] == VERSION
    assert card["status_weights"]["relations"] == found["status_relations"] == len(CORPORA)
    # Measured with the new weights, which doubt everything.
    assert card["metrics_test"] == found["test"]
    for figures in card["metrics_test"].values():
        assert figures["end_to_end_strict"]["predicted"] == 0
        assert figures["end_to_end_strict"]["gold"] == 1
    assert "The graph is that of version" in (folder / "CARD.md").read_text("utf-8")


def test_a_graph_that_is_calibrated_again_is_made_by_one_command_more(
    repository: Path,
) -> None:
    from training.evaluate.versions import read_json
    from training.publish import recalibration

    ner, relations = repository / "ner" / "7", repository / "relation"
    trained = read_json(relations / "9" / "card.json")
    for entry in ("graph_of_version", "confidence"):
        trained.pop(entry, None)
    (relations / "9" / "card.json").write_text(json.dumps(trained))
    for number in (10, 11):
        recalibration.calibrate(parts(), ner, relations / str(number - 1), relations / str(number))
    cards = [
        json.loads((relations / name / "card.json").read_text("utf-8")) for name in ("10", "11")
    ]
    last = [card["commands"].pop() for card in cards]
    assert cards[0]["commands"] == cards[1]["commands"]
    assert not any(one.startswith(recalibration.COMMAND) for one in cards[0]["commands"])
    # Version 9 is trained here, so that the graph of both is its.
    assert [card["graph_of_version"] for card in cards] == [9, 9]
    assert last == [
        f"{recalibration.COMMAND} --ner 7 --relation 9 --version {number}" for number in (10, 11)
    ]
    # The weights of the version before have no part in it.
    assert cards[0]["confidence"] == cards[1]["confidence"]


def test_a_version_is_neither_written_over_nor_made_of_a_part(repository: Path) -> None:
    from training.publish import recalibration

    ner, relation = repository / "ner" / "7", repository / "relation" / "9"
    with pytest.raises(DataMissing, match="a version never changes"):
        recalibration.calibrate(parts(), ner, relation, relation)
    (relation / "learned.txt").unlink()
    with pytest.raises(DataMissing, match=r"lacks learned\.txt"):
        recalibration.calibrate(parts(), ner, relation, repository / "relation" / "10")
    assert [path.name for path in (repository / "relation").iterdir()] == ["9"]


def test_a_version_that_cannot_be_finished_does_not_appear(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.publish import recalibration

    def full(folder: Path, card: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(recalibration, "write_card", full)
    ner, relation = repository / "ner" / "7", repository / "relation" / "9"
    with pytest.raises(OSError, match="no space left"):
        recalibration.calibrate(parts(), ner, relation, repository / "relation" / "10")
    assert [path.name for path in (repository / "relation").iterdir()] == ["9"]
