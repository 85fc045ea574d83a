"""The history survives writing, and says in one line what is wrong with it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.adapters import model_files
from services.adapters.model_history import FILE, publishing, read_history, write_history
from services.core.errors import ConfigurationError
from services.core.model_versions import Action, Publication, VersionPair
from tests.samples.models import shipped

ENTRY = Publication(
    sequence=1,
    action=Action.PUBLISH,
    pair=VersionPair("1", "2"),
    replaced=VersionPair("1", "1"),
    at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    by="Zoë",
    reason="more notes",
    metrics={"ade.difference": 0.01},
    sha256={"ner/1/model.onnx": "ab"},
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two versions of each model; the second relation model has another threshold."""
    for model in ("ner", "relation"):
        for version in ("1", "2"):
            folder = tmp_path / model / version
            folder.mkdir(parents=True)
            shutil.copy(shipped(model) / "tokenizer.json", folder)
            (folder / "card.json").write_text(f'{{"threshold": 0.{version}}}')
            (folder / "model.onnx").write_bytes(version.encode())
            (folder / "model.py").write_text("")
    return tmp_path


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_history(tmp_path) == []
    write_history(tmp_path, [ENTRY])
    assert read_history(tmp_path) == [ENTRY]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("content", ["", "{}", '{"publications": [{"sequence": 1}]}', "[]"])
def test_a_damaged_history_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ConfigurationError, match="is damaged"):
        read_history(tmp_path)


def test_two_publications_at_once_are_refused(tmp_path: Path) -> None:
    second = publishing(tmp_path)
    with publishing(tmp_path), pytest.raises(ConfigurationError, match="under way"):
        second.__enter__()
    with publishing(tmp_path):
        pass


def test_the_published_pair_serves_and_else_the_newest(repository: Path) -> None:
    assert model_files.serving_pair(repository) == VersionPair("2", "2")
    write_history(repository, [ENTRY])
    assert model_files.serving_pair(repository) == ENTRY.pair
    assert model_files.load(repository, "relation", "2").threshold == 0.2


def test_a_shadow_runs_beside_the_pair_that_serves(repository: Path) -> None:
    assert model_files.shadowing(repository) is None
    candidate = replace(ENTRY, sequence=2, action=Action.SHADOW, replaced=ENTRY.pair)
    candidate = replace(candidate, pair=VersionPair("2", "2"))
    write_history(repository, [ENTRY, candidate])
    assert model_files.shadowing(repository) == (ENTRY.pair, VersionPair("2", "2"))
    assert model_files.serving_pair(repository) == ENTRY.pair
    write_history(repository, [ENTRY, candidate, replace(candidate, pair=ENTRY.pair)])
    assert model_files.shadowing(repository) is None


def test_hashes_name_every_file_and_miss_none(repository: Path) -> None:
    found = model_files.hashes(repository, VersionPair("1", "2"))
    assert set(found) == {
        f"{folder}/{name}" for folder in ("ner/1", "relation/2") for name in model_files.FILES
    }
    (repository / "ner" / "1" / "model.py").unlink()
    with pytest.raises(ConfigurationError, match=r"version 1 of model ner lacks model\.py"):
        model_files.hashes(repository, VersionPair("1", "2"))
    with pytest.raises(ConfigurationError, match="incomplete"):
        model_files.load(repository, "ner", "3")
