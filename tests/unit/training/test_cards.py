"""A card has what its reader and its client need, and belongs to the graph beside it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.core.confidence import Confidence, read_confidence
from tests.fakes.documents import document
from tests.samples.models import shipped
from training.corpora.documents import Document
from training.errors import CardError, DataMissing
from training.evaluate.figures import report
from training.evaluate.scoring import Reading, ScoredPair
from training.publish.cards import sha256, write_cards

RUN: dict[str, Any] = {
    "task": "ner",
    "settings": {"encoder": "encoder", "seed": 7},
    "documents": {"ade": {"train": 5, "dev": 6, "test": 1}},
    "rows": 9,
    "history": [],
    "reads_windows": True,
}


def test_a_card_names_figures_data_and_hashes(tmp_path: Path) -> None:
    folder = tmp_path / "ner" / "3"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"graph")
    note = document("[Zocor] gave {rash}.", (("T1", "T2"),))
    ((drug, event),) = note.pairs()
    pairs = [ScoredPair(drug, event, 0.9)]
    write_cards(
        folder,
        task="ner",
        run={**RUN, "distillation": {"teachers": ["a", "b"]}},
        reading={"reads_windows": True, "chains": None},
        threshold=0.4,
        metrics={"ade": report([Reading(note, note.spans(), pairs, pairs)], threshold=0.4)},
        export={"form": "int8 weights"},
        commands=["python -m training ner"],
    )
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert (card["model"], card["version"], card["threshold"], card["seed"]) == ("ner", 3, 0.4, 7)
    assert card["encoder"].startswith("bge-small-en-v1.5")
    assert card["sha256"] == {"model.onnx": sha256(folder / "model.onnx")}
    assert (card["reads_windows"], card["chains"]) == (True, None)
    assert card["distillation"] == {"teachers": ["a", "b"]}
    page = (folder / "CARD.md").read_text(encoding="utf-8")
    perfect = "1.000 | 1.000 | 1.000"
    assert f"| ade | 1 | ner strict, micro (macro F1 1.000) | {perfect} | 2 |" in page
    assert f"| ade | 1 | end to end lenient | {perfect} | 1 |" in page
    assert "| 5 | 6 | 1 |" in page
    assert "combines" not in page


@pytest.mark.training
def test_a_card_is_not_written_for_the_graph_of_another_run(tmp_path: Path) -> None:
    from training.publish.versions import describe_versions

    run, folder = tmp_path / "run", tmp_path / "ner" / "1"
    for one in (run, folder):
        one.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps(RUN))
    (run / "export.json").write_text(json.dumps({"sha256": "of another graph"}))
    with pytest.raises(DataMissing, match=r"holds no model\.onnx"):
        describe_versions({}, {"ner": folder}, {"ner": run}, [])
    (folder / "model.onnx").write_bytes(b"graph")
    with pytest.raises(CardError, match="was not exported from"):
        describe_versions({}, {"ner": folder}, {"ner": run}, [])
    assert not (folder / "card.json").exists()


@pytest.mark.training
def test_the_card_of_one_model_is_written_beside_a_published_other(tmp_path: Path) -> None:
    from training.evaluate.kinds import CALIBRATED_ON
    from training.evaluate.measuring import open_models
    from training.evaluate.status_weights import CORPORA
    from training.evaluate.versions import newest
    from training.publish.versions import describe_versions
    from training.train.splits import Parts

    folders = {
        task: Path(shutil.copytree(shipped(task), tmp_path / task / "9"))
        for task in ("ner", "relation")
    }
    kept = (folders["ner"] / "card.json").read_bytes()
    old = json.loads((folders["relation"] / "card.json").read_text(encoding="utf-8"))
    run = tmp_path / "run"
    run.mkdir()
    made = {**RUN, "task": "relation", "settings": old["hyper_parameters"]}
    (run / "run.json").write_text(json.dumps({**made, "learned_statuses": True}))
    graph = sha256(folders["relation"] / "model.onnx")
    (run / "export.json").write_text(json.dumps({"form": "int8 weights", "sha256": graph}))
    note = document("She had {rash} after [Zocor].", (("T2", "T1"),))
    parts = {name: Parts([], [replace(note, corpus=name)], [note]) for name in CALIBRATED_ON}
    found = describe_versions(parts, folders, {"relation": run}, ["made so"])
    assert (folders["ner"] / "card.json").read_bytes() == kept
    card = json.loads((folders["relation"] / "card.json").read_text(encoding="utf-8"))
    assert (card["version"], card["commands"]) == (9, ["made so"])
    page = (folders["relation"] / "CARD.md").read_text(encoding="utf-8")
    assert "visits, with the NER model whose SHA-256 begins with" in page
    assert f"begins with {sha256(folders['ner'] / 'model.onnx')[:12]}." in page
    assert card["confidence"]["fitted_with_ner"] == sha256(folders["ner"] / "model.onnx")
    assert card["status_weights"]["relations"] == len(CORPORA)
    assert f"fitted on {len(CORPORA)} relations that the head never learned" in page
    assert card["threshold"] == found["threshold"]
    assert open_models([*folders.values()]).confidence == read_confidence(card) is not None
    assert (newest(tmp_path / "relation"), newest(tmp_path / "none")) == (9, 0)


@pytest.mark.training
def test_confidence_and_threshold_come_from_dev_by_kind_of_text_and_hold_on_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.evaluate.kinds import CALIBRATED_ON
    from training.publish import versions
    from training.train.splits import Parts

    folders = {
        task: Path(shutil.copytree(shipped(task), tmp_path / task / "9"))
        for task in ("ner", "relation")
    }
    run = tmp_path / "run"
    run.mkdir()
    old = json.loads((folders["relation"] / "card.json").read_text(encoding="utf-8"))
    made = {**RUN, "task": "relation", "settings": old["hyper_parameters"]}
    (run / "run.json").write_text(json.dumps({**made, "learned_statuses": True}))
    graph = sha256(folders["relation"] / "model.onnx")
    (run / "export.json").write_text(json.dumps({"form": "int8 weights", "sha256": graph}))

    def note(name: str, part: str) -> Document:
        text = "She had {rash} after [Zocor]."
        return document(text, (("T2", "T1"),), doc_id=f"{name} {part}")

    parts = {
        name: Parts([note(name, "train")], [note(name, "dev")], [note(name, "test")])
        for name in CALIBRATED_ON
    }
    seen: dict[str, list[str]] = {}

    def doubtful(ner: Any, relation: Any, dev: Any) -> tuple[Confidence, float]:
        seen.update({kind: [one.doc_id for one in documents] for kind, documents in dev.items()})
        return Confidence(relation=0.0, event=0.0, drug=0.0, constant=-9.0), 0.35

    monkeypatch.setattr(versions, "calibrated", doubtful)
    found: Any = versions.describe_versions(parts, folders, {"relation": run}, [])
    assert list(seen.values()) == [
        ["ade dev"],
        ["adewatch dev"],
        ["clinical dev", "dictations dev", "visits dev"],
    ]
    assert found["threshold"] == 0.35
    # The pair that everybody finds is doubted as the confidence says.
    for figures in found["test"].values():
        assert figures["relations_on_gold_mentions"]["predicted"] == 0
        assert figures["calibration_end_to_end"]["pairs"] == 1
        assert figures["end_to_end_strict"]["predicted"] == 0


@pytest.mark.training
def test_a_ner_model_is_measured_at_the_threshold_that_its_relation_model_serves_with(
    tmp_path: Path,
) -> None:
    from training.evaluate.kinds import MEASURED
    from training.publish.versions import describe_versions
    from training.train.splits import Parts

    folders = {
        task: Path(shutil.copytree(shipped(task), tmp_path / task / "9"))
        for task in ("ner", "relation")
    }
    card = folders["relation"] / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text(encoding="utf-8")), "threshold": 0.8}))
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text(json.dumps({**RUN, "reads_windows": True, "chains": None}))
    graph = sha256(folders["ner"] / "model.onnx")
    (run / "export.json").write_text(json.dumps({"form": "int8 weights", "sha256": graph}))
    note = document("She had {rash} after [Zocor].", (("T2", "T1"),))
    # Nothing is chosen, so nothing of dev is read.
    parts = {name: Parts([], [], [note]) for name in MEASURED}
    found = describe_versions(parts, folders, {"ner": run}, ["made so"])
    assert found["threshold"] == 0.8
