"""Which models serve: history, rollback, promotion of a shadow."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from services.adapters import model_files
from services.adapters.model_history import read_history
from services.bootstrap.publishing import publisher_of
from services.commands.console import out
from services.config import load_settings

app = typer.Typer(help="Versions of the models.", no_args_is_help=True)
Reason = Annotated[str, typer.Option(help="Why; kept in the history.")]


@app.command()
def history() -> None:
    """Show what was published and rolled back, by whom and when, and what serves."""
    repository = load_settings().model_repository
    table = Table("#", "action", "ner", "relation", "at", "by", "reason", box=None)
    for entry in read_history(repository):
        table.add_row(
            str(entry.sequence),
            entry.action.value,
            entry.pair.ner,
            entry.pair.relation,
            entry.at.isoformat(timespec="seconds"),
            entry.by,
            entry.reason,
        )
    out.print(table)
    out.print(f"serving: {model_files.serving_pair(repository)}")


@app.command()
def rollback(reason: Reason = "") -> None:
    """Let the pair of versions serve again that served before the last publication."""
    entry = publisher_of(load_settings()).rollback(reason=reason)
    out.print(f"serving: {entry.pair} (was {entry.replaced})")


@app.command()
def promote(reason: Reason = "") -> None:
    """Let the shadow serve."""
    entry = publisher_of(load_settings()).promote(reason=reason)
    out.print(f"serving: {entry.pair} (was {entry.replaced})")
