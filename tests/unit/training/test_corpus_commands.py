"""`python -m training corpus`, on notes written here."""

import json
from pathlib import Path

from typer.testing import CliRunner

from training.corpora.commands import app

HEADER = "=== note an-{n} | source northgate | patient p{n} | version 1 | written 2025-03-02T10:15"
GOOD = HEADER + "\nOn {{D1|gold}} a {{A1|rash}}.\n--- relations\nD1 > A1 {status}\n--- tags x\n"


def write(folder: Path, *notes: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "notes.txt").write_text("\n".join(notes))
    return folder


def good(n: int, status: str = "affirmed") -> str:
    return GOOD.format(n=n, status=status)


def test_check_says_that_nothing_is_wrong(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", "--folder", str(write(tmp_path, good(1), good(2)))])
    assert (result.exit_code, result.output) == (0, "2 notes in 1 files: no mistake found\n")


def test_check_names_file_and_line_of_every_broken_note(tmp_path: Path) -> None:
    folder = write(tmp_path, good(1, "maybe"), good(2), good(3).replace("|gold", "gold"))
    result = CliRunner().invoke(app, ["check", "--folder", str(folder)])
    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.output.splitlines()] == [
        "notes.txt:4",
        "notes.txt:14",
    ]


def test_check_names_relations_that_no_window_holds(tmp_path: Path) -> None:
    far = good(1).replace("{A1|", "b. One. Two. Three. Four. A {A1|")
    result = CliRunner().invoke(app, ["check", "--folder", str(write(tmp_path, far))])
    assert result.exit_code == 1
    assert result.output == "notes.txt:1: D1 > A1 needs more than a window\n"


def test_agreement_prints_and_keeps_its_figures(tmp_path: Path) -> None:
    first = write(tmp_path / "a", good(1), good(2))
    second = write(tmp_path / "b", good(1), good(2, "historical"), good(3))
    out = tmp_path / "agreement.json"
    result = CliRunner().invoke(app, ["agreement", str(first), str(second), "--out", str(out)])
    assert result.exit_code == 0
    figures = json.loads(result.output)
    assert figures == json.loads(out.read_text())
    assert (figures["notes"], figures["same_status_share"]) == (2, 0.5)
    assert figures["relations_overlapping"]["f1"] == 1.0


def test_stats_of_our_own_corpus_need_no_data_folder() -> None:
    result = CliRunner().invoke(app, ["stats", "--corpora", "adewatch"])
    assert result.exit_code == 0
    assert json.loads(result.output)["adewatch"]["documents"] > 0
