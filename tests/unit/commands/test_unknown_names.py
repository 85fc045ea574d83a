"""Names without a code on the command line, and how to decide them."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import pytest
import typer

from services import cli
from services.adapters.sql.case_record import SqlCaseRecord
from services.commands import console
from services.core.contracts import Pair
from tests.connections import record_engine
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import extraction


def listed(
    record: str,
    pairs: list[Pair],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> list[str]:
    """The lines of `vocabulary unknown list` for a record of these pairs, which have no codes."""
    engine = record_engine(record)
    SqlCaseRecord(engine, clock=FakeClock()).apply([extraction("a", *pairs)])
    engine.dispose()
    monkeypatch.setenv("ADEWATCH_DATABASE_URL", record)
    monkeypatch.setattr(console.out, "width", 250)
    monkeypatch.setattr(sys, "argv", ["adewatch", "vocabulary", "unknown", "list"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert int(ended.value.code or 0) == 0
    return capsys.readouterr().out.splitlines()


def understood(line: str) -> dict[str, Any]:
    """What the command line makes of the parameters of a command; it is not run."""
    program, *words = shlex.split(line, comments=True)
    assert program == "adewatch"
    command: Any = typer.main.get_command(cli.app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    assert command.name == "map"
    with command.make_context("map", words) as context:
        return dict(context.params)


@pytest.mark.parametrize("event", ["widow's hump", "-", "[b]ashful"])
def test_the_hint_is_a_command_for_each_side(
    sqlite_record: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    event: str,
) -> None:
    lines = listed(sqlite_record, [Pair("zzz syrup", event)], monkeypatch, capsys)
    assert any(line.split()[:2] == ["ADE", event.split()[0]] for line in lines)
    commands = [line.strip() for line in lines if line.strip().startswith("adewatch ")]
    assert [understood(command) for command in commands] == [
        {"surface": event, "concept": "CONCEPT", "event": True},
        {"surface": "zzz syrup", "concept": "CONCEPT", "event": False},
    ]


def test_where_all_names_have_codes_there_is_nothing_to_decide(
    sqlite_record: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = listed(sqlite_record, [], monkeypatch, capsys)
    assert lines == ["every counted name has a code"]
