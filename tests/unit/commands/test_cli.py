"""The command line: one line for an error, and nothing connects before it must."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services import cli


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["adewatch", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_help_lists_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--help") == 0
    shown = capsys.readouterr().out
    for command in ("worker", "extract", "send", "counts", "signals", "dead-letters"):
        assert command in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("worker", "nonsense"), "unknown stage"),
        (("subscriptions", "add", "http://127.0.0.1/"), "secret"),
        (("db", "upgrade"), "ADEWATCH_"),
    ],
)
def test_an_error_is_one_line_and_a_failure(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setenv("ADEWATCH_ENVIRONMENT", "production" if arguments[0] == "db" else "local")
    assert run(monkeypatch, *arguments) == 1
    shown = capsys.readouterr().err.strip()
    assert shown.startswith("error: ")
    assert said in shown.replace("\n", " ")
    assert "Traceback" not in shown


def test_a_command_loads_only_what_every_command_needs() -> None:
    program = "import services.cli, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600
    )
    loaded = set(done.stdout.split())
    assert "services.bootstrap.workers" in loaded
    slow = {"scipy.stats", "scipy.interpolate", "scipy.optimize", "alembic", "starlette", "uvicorn"}
    assert loaded & slow == set()


def test_extract_without_models_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    notes = tmp_path / "notes.jsonl"
    notes.write_text('{"text": "nothing"}\n')
    monkeypatch.setenv("ADEWATCH_MODEL_REPOSITORY", str(tmp_path))
    assert run(monkeypatch, "extract", "--notes", str(notes), "--out", str(tmp_path / "o")) == 1
    assert "no version of model ner" in capsys.readouterr().err.replace("\n", " ")
