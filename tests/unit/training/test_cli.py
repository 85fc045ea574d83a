import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from services.core.windows import Form
from tests.samples.models import SHIPPED
from training.cli import app, main
from training.corpora import catalogue
from training.publish import versions
from training.train import ner as ner_training
from training.train import relation as relation_training

pytestmark = pytest.mark.training


def test_without_data_a_command_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ADEWATCH_DATA_DIR", raising=False)
    monkeypatch.setattr("sys.argv", ["training", "ner"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error == "error: set ADEWATCH_DATA_DIR to the folder that holds the corpora\n"


def test_a_card_of_an_unknown_model_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["training", "cards", "--only", "nre"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: no model 'nre'; models are ner, relation\n"


@pytest.mark.parametrize(
    ("task", "module"), [("ner", ner_training), ("relation", relation_training)]
)
def test_the_time_that_a_training_has_reaches_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, task: str, module: ModuleType
) -> None:
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: {})
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    trained: list[Any] = []
    monkeypatch.setattr(module, f"train_{task}", lambda *given: trained.extend(given))
    done = CliRunner().invoke(app, [task, "--within", "55"])
    assert done.exit_code == 0, done.output
    (settings,) = (one for one in trained if hasattr(one, "within"))
    assert settings.within == 55


def asked_form(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *options: str
) -> tuple[list[str], int, str]:
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: {})
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    trained: list[Any] = []
    monkeypatch.setattr(relation_training, "train_relation", lambda *given: trained.extend(given))
    done = CliRunner().invoke(app, ["relation", *options], env={"COLUMNS": "200"})
    return [one.form for one in trained if hasattr(one, "form")], done.exit_code, done.output


def test_the_form_of_a_relation_model_is_one_option(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert asked_form(monkeypatch, tmp_path)[0] == [Form.LEVITATED]
    assert asked_form(monkeypatch, tmp_path, "--form", "marked")[0] == [Form.MARKED]
    trained, status, said = asked_form(monkeypatch, tmp_path, "--form", "market")
    assert (trained, status) == ([], 2)
    assert all(word in said for word in ("--form", "market", "marked", "levitated"))


def test_an_exported_version_can_be_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: {})
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(versions, "ner_dev_f1", lambda *_: None)
    monkeypatch.setattr(
        versions, "export_version", lambda task, run, folder, dev: folder.mkdir(parents=True)
    )
    (tmp_path / "models" / "ner" / "7").mkdir(parents=True)
    (tmp_path / "models" / "ner" / "7" / "model.py").write_text("code")
    run = tmp_path / "run"
    run.mkdir()
    (run / "export.json").write_text("{}")
    done = CliRunner().invoke(
        app, ["export", "ner", "--run", str(run), "--repository", str(tmp_path / "models")]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "models" / "ner" / "8" / "model.py").read_text() == "code"


def test_the_models_that_ship_are_measured_on_a_file(tmp_path: Path) -> None:
    words = ["She", "developed", "a", "severe", "rash", "after", "amoxicillin", "."]
    record = {
        "tokens": words,
        "entities": [
            {"type": "Adverse-Effect", "start": 3, "end": 5},
            {"type": "Drug", "start": 6, "end": 7},
        ],
        "relations": [{"type": "Adverse-Effect", "head": 0, "tail": 1}],
        "orig_id": 0,
    }
    (tmp_path / "held-out.json").write_text(json.dumps([record]))
    asked = ["evaluate", "--model", str(SHIPPED), "--corpus", str(tmp_path / "held-out.json")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    (figures,) = json.loads(done.stdout).values()
    assert figures["end_to_end_lenient"]["f1"] == 1.0
    assert figures["ner_lenient"]["micro"]["gold"] == 2
