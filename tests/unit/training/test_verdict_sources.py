"""A retraining asks the record for verdicts itself, and leaves no text of notes behind."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.verdicts import SqlVerdicts
from services.commands.verdicts import write_labelled
from services.core.contracts import Pair
from services.core.verdicts import Judgement
from tests.connections import record_engine
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import COUGH, RASH, extraction
from tests.samples.models import SHIPPED
from training.cli import main
from training.corpora.documents import Document
from training.corpora.verdicts import read_verdicts
from training.errors import DataMissing, TrainingError
from training.publish import verdict_sources
from training.publish.verdict_sources import from_record, source_of

pytestmark = pytest.mark.training

SECRET = "Amoxicillin: Mrs Secret got a rash."
NOBODY = "postgresql://adewatch:password-of-the-store@127.0.0.1:9/adewatch"


@pytest.fixture
def record(sqlite_record: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The record of the settings, with the evidence of two pairs and no verdict."""
    engine = record_engine(sqlite_record)
    SqlCaseRecord(engine, clock=FakeClock()).apply(
        [extraction("a", RASH, COUGH, patient="a", evidence_text=SECRET)]
    )
    engine.dispose()
    monkeypatch.setenv("ADEWATCH_DATABASE_URL", sqlite_record)
    return sqlite_record


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run."""
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def judge(record: str, pair: Pair, judgement: Judgement) -> None:
    engine = record_engine(record)
    verdicts = SqlVerdicts(engine, clock=FakeClock())
    (item,) = verdicts.evidence(pair)
    assert verdicts.judge(item.note_key, item.key, judgement, by="Ann") is not None
    engine.dispose()


def test_the_record_gives_what_the_export_gives(record: str, run: Path, tmp_path: Path) -> None:
    judge(record, RASH, Judgement.CONFIRMED)
    judge(record, COUGH, Judgement.REFUTED)
    found = from_record(run)
    assert [one.text for one in found] == [SECRET, SECRET]
    assert [len(one.relations) for one in found].count(1) == 1
    write_labelled(tmp_path / "export.jsonl")
    assert found == read_verdicts(tmp_path / "export.jsonl")


@pytest.mark.usefixtures("record")
def test_a_record_without_verdicts_is_no_error(run: Path) -> None:
    assert from_record(run) == []


@pytest.mark.parametrize("end", [None, KeyboardInterrupt(), MemoryError()])
def test_only_its_owner_can_read_the_file_and_it_is_gone_whatever_happens(
    record: str, run: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException | None
) -> None:
    judge(record, RASH, Judgement.CONFIRMED)
    seen: list[Path] = []

    def looked_at(path: Path) -> list[Document]:
        seen.append(path)
        assert path.is_relative_to(run)
        assert "Secret" in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        if end is not None:
            raise end
        return read_verdicts(path)

    monkeypatch.setattr(verdict_sources, "read_verdicts", looked_at)
    if end is None:
        assert len(from_record(run)) == 1
    else:
        with pytest.raises(type(end)):
            from_record(run)
    assert len(seen) == 1
    assert list(run.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "said"), [(NOBODY, "sql is unavailable"), ("sqlite:///{}/new", "refuses a statement")]
)
def test_a_record_that_cannot_be_asked_is_said_without_its_address(
    run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, said: str
) -> None:
    monkeypatch.setenv("ADEWATCH_DATABASE_URL", url.format(tmp_path))
    with pytest.raises(DataMissing, match=said) as refused:
        from_record(run)
    assert "ADEWATCH_DATABASE_URL" in str(refused.value)
    assert "password" not in str(refused.value)
    assert list(run.iterdir()) == []


def test_a_file_or_the_record_or_neither(tmp_path: Path, run: Path) -> None:
    file = tmp_path / "verdicts.jsonl"
    file.write_text("")
    read = source_of(file, from_store=False)
    assert read is not None
    assert read(run) == []
    assert file.exists()
    assert source_of(None, from_store=True) is from_record
    assert source_of(None, from_store=False) is None
    with pytest.raises(TrainingError, match="not both"):
        source_of(file, from_store=True)


def retrain(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["training", "retrain", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def nothing_to_train_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets as far as the corpora fails for another reason than the record."""
    monkeypatch.setenv("ADEWATCH_MODEL_REPOSITORY", str(SHIPPED))
    monkeypatch.delenv("ADEWATCH_DATA_DIR", raising=False)


@pytest.mark.usefixtures("nothing_to_train_on")
def test_a_record_that_is_away_ends_the_command_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADEWATCH_DATABASE_URL", NOBODY)
    runs = tmp_path / "runs"
    assert retrain(monkeypatch, "--verdicts-from-store", "--runs", str(runs)) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: no verdicts can be read from ADEWATCH_DATABASE_URL: sql is ")
    assert shown.count("\n") == 1
    (report,) = runs.glob("*/report.json")
    found = json.loads(report.read_text())
    assert (found["outcome"], found["exit_status"]) == ("failed", 2)
    assert found["steps"] == []
    assert found["settings"]["verdicts"] is True
    assert [path.name for path in report.parent.iterdir()] == ["report.json"]


@pytest.mark.usefixtures("nothing_to_train_on", "record")
def test_a_record_that_answers_lets_the_command_go_on_to_the_corpora(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retrain(monkeypatch, "--verdicts-from-store", "--runs", str(tmp_path / "runs")) == 2
    assert "error: set ADEWATCH_DATA_DIR" in capsys.readouterr().err


def test_both_options_are_refused_before_a_run_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    asked = ("--verdicts", "FILE", "--verdicts-from-store", "--runs", str(runs))
    assert retrain(monkeypatch, *asked) == 2
    assert capsys.readouterr().err == (
        "error: give --verdicts or --verdicts-from-store, not both\n"
    )
    assert not runs.exists()
