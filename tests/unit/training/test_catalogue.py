"""The corpora by name, and those that not everybody may have."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from training.corpora import catalogue, n2c2
from training.corpora.commands import app
from training.errors import CorpusError
from training.publish.cards import CORPORA
from training.settings import TRAINED_ON


def test_a_card_has_a_line_for_every_corpus() -> None:
    assert set(catalogue.READERS) <= set(CORPORA)
    assert "data use agreement" in CORPORA["n2c2"]


def test_no_model_learns_by_default_what_people_must_sign_for() -> None:
    learned = {name for names in TRAINED_ON.values() for name in names.split(",")}
    assert learned <= set(catalogue.READERS)
    assert learned.isdisjoint(catalogue.LICENSED)


def test_a_licensed_corpus_is_lacking_until_its_folder_is_there(tmp_path: Path) -> None:
    (line,) = catalogue.lacking(tmp_path).values()
    assert line.startswith(f"n2c2 is left out: {tmp_path / n2c2.FOLDER} is absent")
    (tmp_path / n2c2.FOLDER).mkdir()
    assert catalogue.lacking(tmp_path) == {}


def test_a_licensed_corpus_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=rf"{n2c2.FOLDER} holds no annotations .* agreement"):
        catalogue.load(["n2c2"], tmp_path, seed=1)


@pytest.mark.parametrize("named", [True, False])
def test_statistics_of_all_corpora_leave_a_licensed_one_out_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    readers = {name: catalogue.READERS[name] for name in ("adewatch", "n2c2")}
    monkeypatch.setattr(catalogue, "READERS", readers)
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    corpora = ["--corpora", "adewatch,n2c2"] if named else []
    result = CliRunner().invoke(app, ["stats", *corpora])
    if named:
        assert isinstance(result.exception, CorpusError)
    else:
        assert result.exit_code == 0, result.output
        assert set(json.loads(result.stdout)) == {"adewatch"}
        assert result.stderr == f"{catalogue.lacking(tmp_path)['n2c2']}\n"
