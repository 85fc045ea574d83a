"""Verdicts and disagreement on the command line: text of notes goes into one file only."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services import cli
from services.adapters import model_files
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.disagreements import SqlDisagreements
from services.core.disagreement import Beside, Disagreement
from services.core.model_versions import MODELS, VersionPair
from tests.connections import record_engine
from tests.fakes.clock import START, FakeClock
from tests.fakes.extractions import COUGH, RASH, extraction
from tests.fakes.vocabulary import WordVocabulary
from training.corpora.verdicts import read_verdicts

SECRET = "Amoxicillin: Mrs Secret got a rash."


@pytest.fixture(autouse=True)
def _record(sqlite_record: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = record_engine(sqlite_record)
    SqlCaseRecord(engine, clock=FakeClock()).apply(
        [
            extraction("a", RASH, patient="a", evidence_text=SECRET),
            extraction("b", RASH, COUGH, patient="b", evidence_text=SECRET),
        ]
    )
    SqlDisagreements(engine).add(
        {
            Beside(VersionPair("1", "1"), VersionPair("2", "1")): Disagreement(
                notes=40, same=9, only_serving=1, dropped=3
            )
        },
        at=START,
    )
    engine.dispose()
    monkeypatch.setenv("ADEWATCH_DATABASE_URL", sqlite_record)


class Run:
    """Runs commands; no answer may have text of a note."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, status: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["adewatch", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = self._capsys.readouterr()
        assert int(ended.value.code or 0) == status, shown.err
        assert "Secret" not in shown.out + shown.err
        return shown.out if status == 0 else shown.err.replace("\n", " ")

    def evidence(self, drug: str, event: str) -> list[str]:
        """The names of the evidence of a pair."""
        return [line.split()[0] for line in self("verdicts", "evidence", drug, event).splitlines()]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


def test_verdicts_become_labelled_documents(run: Run, tmp_path: Path) -> None:
    first, second = run.evidence(*RASH)
    (cough,) = run.evidence(*COUGH)
    run("verdicts", "add", first, "refuted", "--by", "Zoë")
    run("verdicts", "add", first, "confirmed", "--by", "Zoë", "--status", "historical")
    run("verdicts", "add", second, "refuted", "--by", "Ann")
    run("verdicts", "add", cough, "unclear", "--by", "Ann")
    listed = run("verdicts", "list").splitlines()
    assert len(listed) == 4
    assert sum("confirmed, historical" in line for line in listed) == 1
    file = tmp_path / "verdicts.jsonl"
    assert "2 labelled documents" in run("verdicts", "export", "--out", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    documents = read_verdicts(file)
    assert {one.text for one in documents} == {SECRET}
    assert sorted(str(relation.status) for one in documents for relation in one.relations) == [
        "historical"
    ]
    assert "Zoë" not in json.dumps(file.read_text())


def test_evidence_is_shown_with_its_section_and_what_it_repeats(
    run: Run, sqlite_record: str
) -> None:
    engine = record_engine(sqlite_record)
    later = extraction(
        "c", RASH, patient="a", evidence_text=SECRET, written_at=datetime(2026, 5, 1, tzinfo=UTC)
    )
    relation = replace(later.relations[0], section="allergies")
    SqlCaseRecord(engine, clock=FakeClock()).apply([replace(later, relations=(relation,))])
    engine.dispose()
    shown = run("verdicts", "evidence", *RASH).splitlines()
    (copy,) = [line for line in shown if line.startswith(later.note_key)]
    assert "section allergies" in copy
    (source,) = [name for name in run.evidence(*RASH) if name.startswith(extraction("a").note_key)]
    assert copy.endswith(f"copy of {source}")
    assert sum("section" in line or "copy of" in line for line in shown) == 1


def test_former_names_and_codes_of_a_pair_are_shown(run: Run, sqlite_record: str) -> None:
    engine = record_engine(sqlite_record)
    record = SqlCaseRecord(engine, clock=FakeClock())
    record.remap(WordVocabulary("words-2", {RASH.event: "skin reaction"}))
    record.remap(WordVocabulary("words-3", {RASH.event: "skin reaction"}))
    engine.dispose()
    first, second = run("vocabulary", "former", RASH.drug, "skin reaction").splitlines()
    assert "amoxicillin (no code) → rash (no code), 2 relations, vocabulary words-1" in first
    assert "until recount 2 at 2026-01-01" in second
    assert "skin reaction (test SKIN REACTION of words-2, score 1.00), 2 relations" in second
    assert "no recount" in run("vocabulary", "former", *RASH)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("0:0", "confirmed"), "no standing note has this evidence"),
        (("0", "confirmed"), "NOTE:EVIDENCE"),
        (("0:0", "refuted", "--status", "negated"), "only a confirmed relation"),
    ],
)
def test_a_verdict_on_nothing_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    assert said in run("verdicts", "add", *arguments, status=1)
    assert run("verdicts", "list") == ""


def test_disagreement_is_shown_in_counts(run: Run) -> None:
    shown = run("models", "disagreement")
    assert "ner 2 + relation 1" in shown
    assert "10.0%" in shown


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two versions of each model: commands write a history beside them."""
    for model in MODELS:
        for version in ("1", "2"):
            folder = tmp_path / "models" / model / version
            folder.mkdir(parents=True)
            for name in model_files.FILES:
                (folder / name).write_text("{}")
    monkeypatch.setenv("ADEWATCH_MODEL_REPOSITORY", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.mark.usefixtures("repository")
def test_a_shadow_is_named_or_stopped(run: Run) -> None:
    assert "--stop" in run("models", "shadow", status=1)
    assert "--stop" in run("models", "shadow", "--ner", "1", "--stop", status=1)
    assert "is what serves" in run("models", "shadow", "--ner", "2", status=1)
