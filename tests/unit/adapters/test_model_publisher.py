"""What serves changes last, completely and revocably; a failure changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from services.adapters import model_files
from services.adapters.model_history import read_history
from services.adapters.model_publisher import ModelPublisher
from services.core.errors import ConfigurationError, DependencyUnavailable, IntegrityError
from services.core.model_versions import VersionPair, shadow
from tests.fakes.clock import FakeClock
from tests.samples.models import shipped

TOKENIZER = shipped("ner") / "tokenizer.json"


class FolderControl:
    """Serves the versions that lay in the repository at the last load."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.away = False
        self.loaded: set[tuple[str, str]] = set()

    def load(self) -> None:
        if self.away:
            raise DependencyUnavailable("triton", "load")
        self.loaded = {
            (model, path.name)
            for model in ("ner", "relation")
            for path in (self.repository / model).glob("[0-9]*")
        }

    def is_ready(self, pair: VersionPair) -> bool:
        return {("ner", pair.ner), ("relation", pair.relation)} <= self.loaded


class Smoke:
    """Remembers what it was asked and what served then; fails if told so."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.fails = False
        self.seen: list[tuple[VersionPair, VersionPair]] = []

    def __call__(self, pair: VersionPair) -> None:
        self.seen.append((pair, model_files.serving_pair(self.repository)))
        if self.fails:
            raise IntegrityError("smoke")


def version(folder: Path, weights: str = "first") -> Path:
    folder.mkdir(parents=True)
    shutil.copy(TOKENIZER, folder)
    (folder / "card.json").write_text('{"version": 1, "threshold": 0.5}')
    (folder / "model.onnx").write_text(weights)
    (folder / "model.py").write_text("")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for model in ("ner", "relation"):
        version(tmp_path / "models" / model / "1")
    return tmp_path / "models"


@pytest.fixture
def control(repository: Path) -> FolderControl:
    return FolderControl(repository)


@pytest.fixture
def smoke(repository: Path) -> Smoke:
    return Smoke(repository)


@pytest.fixture
def publisher(repository: Path, control: FolderControl, smoke: Smoke) -> ModelPublisher:
    return ModelPublisher(repository, control, smoke, FakeClock(), by="tester")


def test_the_old_pair_serves_until_the_new_one_has_passed(
    publisher: ModelPublisher, repository: Path, smoke: Smoke, tmp_path: Path
) -> None:
    entry = publisher.publish({"ner": version(tmp_path / "new", "second")}, metrics={"ade": 0.5})
    assert smoke.seen == [(VersionPair("2", "1"), VersionPair("1", "1"))]
    assert model_files.serving_pair(repository) == entry.pair == VersionPair("2", "1")
    assert json.loads((repository / "ner" / "2" / "card.json").read_text())["version"] == 2
    assert entry.sha256["ner/2/model.onnx"] != entry.sha256["relation/1/model.onnx"]
    assert (entry.by, entry.metrics) == ("tester", {"ade": 0.5})


@pytest.mark.parametrize("fault", ["smoke", "triton", "files"])
def test_a_failure_leaves_everything_as_it_was(
    publisher: ModelPublisher,
    repository: Path,
    control: FolderControl,
    smoke: Smoke,
    tmp_path: Path,
    fault: str,
) -> None:
    new = version(tmp_path / "new", "second")
    smoke.fails, control.away = fault == "smoke", fault == "triton"
    if fault == "files":
        (new / "card.json").unlink()
    with pytest.raises((IntegrityError, DependencyUnavailable, ConfigurationError)):
        publisher.publish({"ner": new})
    assert model_files.serving_pair(repository) == VersionPair("1", "1")
    assert [path.name for path in (repository / "ner").iterdir()] == ["1"]
    if fault == "smoke":
        assert control.loaded == {("ner", "1"), ("relation", "1")}


def test_rollback_undoes_publications_one_by_one(
    publisher: ModelPublisher, repository: Path, tmp_path: Path
) -> None:
    publisher.publish({"ner": version(tmp_path / "b", "second")})
    publisher.publish({"relation": version(tmp_path / "c", "third")})
    assert publisher.rollback(reason="worse").pair == VersionPair("2", "1")
    assert publisher.rollback().pair == VersionPair("1", "1")
    with pytest.raises(ConfigurationError, match="no publication to roll back"):
        publisher.rollback()
    assert [entry.action for entry in read_history(repository)][-2:] == ["rollback", "rollback"]


def test_an_old_version_is_retired_and_comes_back(
    publisher: ModelPublisher, repository: Path, control: FolderControl, tmp_path: Path
) -> None:
    for name in "bcd":
        publisher.publish({"ner": version(tmp_path / name, name)})
    assert {path.name for path in (repository / "ner").iterdir()} == {"2", "3", "4", ".retired-1"}
    assert [publisher.rollback().pair.ner for _ in "123"] == ["3", "2", "1"]
    assert ("ner", "1") in control.loaded
    assert publisher.publish({"ner": version(tmp_path / "e", "e")}).pair.ner == "5"


def test_a_rollback_to_files_that_changed_is_refused(
    publisher: ModelPublisher, repository: Path, tmp_path: Path
) -> None:
    publisher.publish({"ner": version(tmp_path / "b", "second")})
    (repository / "ner" / "1" / "model.onnx").write_text("other")
    with pytest.raises(IntegrityError, match=r"ner/1/model\.onnx is not the file"):
        publisher.rollback()
    assert model_files.serving_pair(repository).ner == "2"


def test_a_shadow_is_loaded_and_serves_only_when_promoted(
    publisher: ModelPublisher, repository: Path, control: FolderControl, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="no candidate"):
        publisher.promote()
    publisher.publish({"ner": version(tmp_path / "b", "second")}, as_shadow=True)
    assert model_files.serving_pair(repository) == VersionPair("1", "1")
    assert control.is_ready(VersionPair("2", "1"))
    assert publisher.promote().pair == VersionPair("2", "1")
    assert publisher.rollback().pair == VersionPair("1", "1")


def test_an_installed_pair_runs_beside_the_serving_one_until_it_is_stopped(
    publisher: ModelPublisher, repository: Path, smoke: Smoke
) -> None:
    version(repository / "ner" / "0", "older")
    publisher.shadow(VersionPair("0", "1"), reason="was it better?")
    assert shadow(read_history(repository)) == VersionPair("0", "1")
    assert smoke.seen == [(VersionPair("0", "1"), VersionPair("1", "1"))]
    publisher.shadow(VersionPair("1", "1"))
    assert shadow(read_history(repository)) is None
    assert model_files.serving_pair(repository) == VersionPair("1", "1")
    with pytest.raises(ConfigurationError, match="no publication"):
        publisher.rollback()
    with pytest.raises(ConfigurationError, match="lacks"):
        publisher.shadow(VersionPair("7", "1"))


def test_a_gate_that_compared_with_another_pair_does_not_hold(
    publisher: ModelPublisher, repository: Path, tmp_path: Path
) -> None:
    publisher.publish({"ner": version(tmp_path / "b", "second")})
    with pytest.raises(ConfigurationError, match="compare again"):
        publisher.publish(
            {"ner": version(tmp_path / "c", "third")}, instead_of=VersionPair("1", "1")
        )
    assert sorted(path.name for path in (repository / "ner").iterdir()) == ["1", "2"]


def test_what_a_killed_publication_left_is_not_loaded_with_the_next(
    publisher: ModelPublisher, repository: Path, control: FolderControl, tmp_path: Path
) -> None:
    publisher.publish({"ner": version(tmp_path / "b", "second")})
    version(repository / "ner" / "3", "killed")
    assert publisher.publish({"ner": version(tmp_path / "c", "third")}).pair.ner == "4"
    assert {number for model, number in control.loaded if model == "ner"} == {"1", "2", "4"}
    version(repository / "ner" / "5", "killed")
    publisher.rollback()
    names = {path.name for path in (repository / "ner").iterdir()}
    assert names == {"1", "2", ".retired-3", "4", ".retired-5"}


@pytest.mark.parametrize("card", ["", "[]", "7"])
def test_a_damaged_card_is_refused(
    publisher: ModelPublisher, repository: Path, tmp_path: Path, card: str
) -> None:
    new = version(tmp_path / "new", "second")
    (new / "card.json").write_text(card)
    with pytest.raises(ConfigurationError, match="card of the candidate for ner is damaged"):
        publisher.publish({"ner": new})
    assert [path.name for path in (repository / "ner").glob("[0-9]*")] == ["1"]


def test_files_that_cannot_be_copied_are_said(
    publisher: ModelPublisher, repository: Path, tmp_path: Path
) -> None:
    new = version(tmp_path / "new", "second")
    (new / "notes").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="cannot be copied"):
        publisher.publish({"ner": new})
    assert model_files.serving_pair(repository) == VersionPair("1", "1")
