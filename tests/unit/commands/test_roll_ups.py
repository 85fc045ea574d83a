"""Cases by groups on the command line, from a record in SQLite and files of vocabularies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from services import cli
from services.adapters.sql.case_record import SqlCaseRecord
from services.commands import console
from services.core.contracts import Pair
from tests.connections import record_engine
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import COUGH, RASH, extraction

ITCH = Pair("amoxicillin", "pruritus")
MEDDRA = {
    "pt.asc": ["1$Rash$$9$$$$$$$$", "2$Pruritus$$9$$$$$$$$", "3$Cough$$8$$$$$$$$"],
    "llt.asc": ["1$Rash$1$$$$$$$Y$$", "2$Pruritus$2$$$$$$$Y$$", "3$Cough$3$$$$$$$Y$$"],
    "mdhier.asc": [
        "1$11$22$9$Rash$Rashes NEC$Epidermal [and dermal]$Skin disorders$Skin$$9$Y$",
        "2$12$22$9$Pruritus$Pruritus NEC$Epidermal [and dermal]$Skin disorders$Skin$$9$Y$",
        "2$14$24$7$Pruritus$Allergies NEC$Allergies$Immune disorders$Immun$$9$N$",
        "3$13$23$8$Cough$Coughing$Respiratory signs$Respiratory disorders$Resp$$8$Y$",
    ],
    "smq_list.asc": ["5$Hypersensitivity$1$d$s$n$26.0$A$N$", "6$Skin$2$d$s$n$26.0$A$N$"],
    "smq_content.asc": [
        "5$6$0$0$S$0$A$26.0$26.0$",
        "6$1$4$2$A$0$A$26.0$26.0$",
        "6$2$4$1$A$0$A$26.0$26.0$",
    ],
}


@pytest.fixture
def record(sqlite_record: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cases with rash, one of them with itching too, one with itching alone, one of cough."""
    engine = record_engine(sqlite_record)
    SqlCaseRecord(engine, clock=FakeClock()).apply(
        [
            extraction("a", RASH, ITCH, patient="a"),
            extraction("b", RASH, patient="b"),
            extraction("c", ITCH, patient="c"),
            extraction("d", COUGH, patient="d"),
        ]
    )
    engine.dispose()
    folder = tmp_path / "MedAscii"
    folder.mkdir()
    for name, lines in MEDDRA.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("ADEWATCH_DATABASE_URL", sqlite_record)
    monkeypatch.setenv("ADEWATCH_MEDDRA_FOLDER", str(folder))
    monkeypatch.setattr(console.out, "width", 250)


class Shell:
    """Runs `counts groups` and keeps what it said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *options: str, status: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["adewatch", "counts", "groups", *options])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = self._capsys.readouterr()
        assert int(ended.value.code or 0) == status, said.err
        return said.out if status == 0 else said.err

    def pairs(self, *options: str) -> dict[tuple[str, str], int]:
        """Cases per pair of groups."""
        found = json.loads(self(*options, "--json"))
        return {(one["drug"], one["event"]): one["cases"] for one in found["pairs"]}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("options", "pairs"),
    [
        (["--by", "soc"],
         {("amoxicillin", "Skin disorders"): 3, ("lisinopril", "Respiratory disorders"): 1}),
        (["--by", "soc", "--all-paths"],
         {("amoxicillin", "Skin disorders"): 3, ("amoxicillin", "Immune disorders"): 2,
          ("lisinopril", "Respiratory disorders"): 1}),
        (["--by", "hlgt", "--all-paths"],
         {("amoxicillin", "Epidermal [and dermal]"): 3, ("amoxicillin", "Allergies"): 2,
          ("lisinopril", "Respiratory signs"): 1}),
        (["--by", "HLT"],
         {("amoxicillin", "Rashes NEC"): 2, ("amoxicillin", "Pruritus NEC"): 2,
          ("lisinopril", "Coughing"): 1}),
        (["--by", "smq"],
         {("amoxicillin", "Hypersensitivity"): 2, ("amoxicillin", "Skin"): 2}),
        (["--by", "smq", "--broad"],
         {("amoxicillin", "Hypersensitivity"): 3, ("amoxicillin", "Skin"): 3}),
        (["--by", "class"],
         {("penicillin", "rash"): 2, ("penicillin", "pruritus"): 2,
          ("angiotensin converting enzyme inhibitor", "cough"): 1}),
        (["--by", "soc", "--by", "class"],
         {("penicillin", "Skin disorders"): 3,
          ("angiotensin converting enzyme inhibitor", "Respiratory disorders"): 1}),
        (["--by", "ingredient"],
         {("amoxicillin", "rash"): 2, ("amoxicillin", "pruritus"): 2, ("lisinopril", "cough"): 1}),
    ],
)  # fmt: skip
def test_distinct_cases_are_counted_per_group(
    run: Shell, options: list[str], pairs: dict[tuple[str, str], int]
) -> None:
    assert run.pairs(*options) == pairs


@pytest.mark.usefixtures("record")
def test_the_json_has_margins_and_what_has_no_group(run: Shell) -> None:
    found = json.loads(run("--by", "smq", "--json"))
    assert found["by"] == ["SMQ"]
    assert found["broad"] is False
    assert found["all_paths"] is False
    assert found["cases"] == 2
    assert found["cases_with_a_pair_without_a_group"] == 3
    assert found["drugs"] == {"amoxicillin": 2}
    assert found["events"] == {"Hypersensitivity": 2, "Skin": 2}
    assert "MedDRA" in found["vocabulary"]


@pytest.mark.usefixtures("record")
def test_the_json_says_by_which_options_it_was_counted(run: Shell) -> None:
    found = json.loads(run("--by", "smq", "--broad", "--all-paths", "--json"))
    assert (found["broad"], found["all_paths"]) == (True, True)


@pytest.mark.usefixtures("record")
def test_a_damaged_file_is_one_line_that_names_it(run: Shell, tmp_path: Path) -> None:
    (tmp_path / "MedAscii" / "llt.asc").write_bytes(
        b"1$Rash$1$$$$$$$Y$$\n2$M\x82ni\x8are$2$$$$$$$Y$$"
    )
    said = run("--by", "soc", status=1)
    assert "llt.asc, line 2: byte 0x82" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("record")
def test_the_table_shows_most_cases_first_and_names_as_they_are(run: Shell) -> None:
    lines = run("--by", "hlgt", "--limit", "1").splitlines()
    assert lines[0].split() == ["drug", "HLGT", "cases", "of", "the", "drug", "of", "the", "event"]
    assert lines[1].split() == ["amoxicillin", "Epidermal", "[and", "dermal]", "3", "3", "3"]
    assert lines[2].strip().startswith("1 of 2 pairs; 4 cases have one, 0 cases have a pair")


@pytest.mark.usefixtures("record")
def test_a_level_that_no_vocabulary_has_is_said(
    run: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADEWATCH_MEDDRA_FOLDER")
    assert "set ADEWATCH_MEDDRA_FOLDER" in run("--by", "soc", status=1)
    assert "one level of drugs" in run("--by", "soc", "--by", "hlt", status=1)
