"""`python -m training publish` ends with a status that a scheduler understands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from services.adapters import model_files
from services.core.model_versions import VersionPair
from tests.samples.models import shipped
from training.cli import main
from training.corpora.documents import Document
from training.publish import real_release
from training.publish.cards import sha256

pytestmark = pytest.mark.training

NOTES = 16
"""Of the gate's notes, as many as the commands are tested with: it reads them twice each time."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What serves: a copy of the shipped pair, with no server that could load another."""
    repository = tmp_path / "models"
    for model in ("ner", "relation"):
        shutil.copytree(shipped(model), repository / model / "1")
    monkeypatch.setenv("ADEWATCH_MODEL_REPOSITORY", str(repository))
    monkeypatch.setenv("ADEWATCH_TRITON_GRPC", "127.0.0.1:9")
    monkeypatch.delenv("ADEWATCH_DATA_DIR", raising=False)
    return repository


@pytest.fixture(autouse=True)
def few_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = real_release.fixed_set

    def some(seed: int) -> dict[str, list[Document]]:
        return {name: documents[:NOTES] for name, documents in whole(seed).items()}

    monkeypatch.setattr(real_release, "fixed_set", some)


def publish(monkeypatch: pytest.MonkeyPatch, candidate: Path) -> int:
    monkeypatch.setattr("sys.argv", ["training", "publish", str(candidate)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def candidate_of(tmp_path: Path) -> Path:
    folder = tmp_path / "candidate" / "relation" / "1"
    shutil.copytree(shipped("relation"), folder)
    return folder


def test_weights_that_were_fitted_with_another_ner_model_are_pointed_out(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = candidate_of(tmp_path) / "card.json"
    written = json.loads(card.read_text(encoding="utf-8"))
    written["confidence"]["fitted_with_ner"] = "another"
    card.write_text(json.dumps(written))
    assert publish(monkeypatch, tmp_path / "candidate") == 4
    assert "fitted with another NER model" in capsys.readouterr().err


def test_without_a_server_nothing_is_published_and_the_old_pair_serves(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = candidate_of(tmp_path)
    assert publish(monkeypatch, folder.parents[1]) == 4
    shown = capsys.readouterr().err
    assert "our own notes only" in shown
    assert "error: triton is unavailable" in shown
    assert "fitted with another NER model" not in shown
    report = json.loads((tmp_path / "candidate" / "gate.json").read_text())
    assert report["passes"]
    ours = report["corpora"]["adewatch"]
    # The same models on the same notes.
    assert ours["serving_f1"] == ours["candidate_f1"] > 0
    assert (ours["difference_lower"], ours["difference_upper"]) == (0, 0)
    assert model_files.serving_pair(repository) == VersionPair("1", "1")
    assert [path.name for path in (repository / "relation").iterdir()] == ["1"]


def test_a_candidate_that_finds_nothing_is_refused(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = candidate_of(tmp_path)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "threshold": 1.01}))
    assert publish(monkeypatch, folder.parents[1]) == 3
    assert "error: not published: adewatch: F1 0.0000" in capsys.readouterr().err
    assert not (repository / "publications.json").exists()


def test_a_graph_that_cannot_be_opened_is_said(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = candidate_of(tmp_path)
    (folder / "model.onnx").write_bytes(b"no graph")
    card = json.loads((folder / "card.json").read_text())
    card["sha256"]["model.onnx"] = sha256(folder / "model.onnx")
    (folder / "card.json").write_text(json.dumps(card))
    assert publish(monkeypatch, folder.parents[1]) == 2
    assert "cannot be opened" in capsys.readouterr().err
