"""Which models serve: history, rollback, and candidates that run as a shadow."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.adapters import model_files
from services.adapters.model_history import read_history
from services.bootstrap.components import Components
from services.bootstrap.publishing import publisher_of
from services.commands.console import out, with_components
from services.config import load_settings
from services.core.disagreement import NOTES, RELATIONS, Beside, Disagreement
from services.core.errors import ConfigurationError
from services.core.model_versions import VersionPair

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
            escape(entry.by),
            escape(entry.reason),
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


@app.command()
def shadow(
    ner: Annotated[str, typer.Option(help="Version; default: the serving one.")] = "",
    relation: Annotated[str, typer.Option(help="Version; default: the serving one.")] = "",
    stop: Annotated[bool, typer.Option("--stop", help="Let nothing run beside.")] = False,
    reason: Reason = "",
) -> None:
    """Let an installed pair read some of the live notes beside the serving pair."""
    settings = load_settings()
    serving = model_files.serving_pair(settings.model_repository)
    pair = VersionPair(ner or serving.ner, relation or serving.relation)
    if stop == bool(ner or relation):
        raise ConfigurationError("name a version of --ner or --relation, or give --stop")
    if not stop and pair == serving:
        raise ConfigurationError(f"{pair} is what serves: name another version")
    entry = publisher_of(settings).shadow(pair, reason=reason)
    out.print("no shadow runs" if stop else f"shadow: {entry.pair} beside {entry.replaced}")


@app.command()
def disagreement() -> None:
    """Show how candidates disagreed with the serving pair, in counts."""

    async def work(components: Components) -> dict[Beside, Disagreement]:
        return await asyncio.to_thread(components.disagreements.totals)

    out.print(disagreement_table(with_components(work)))


def disagreement_table(found: Mapping[Beside, Disagreement]) -> Table:
    """Counts of notes and of relations, and the share of the relations that differ."""
    table = Table("serving", "candidate", box=None, header_style="dim")
    for name in (*NOTES, *RELATIONS, "differing"):
        table.add_column(name.replace("_", " "), justify="right")
    for beside, counts in found.items():
        share = counts.share
        table.add_row(
            str(beside.serving),
            str(beside.candidate),
            *(str(getattr(counts, name)) for name in (*NOTES, *RELATIONS)),
            "–" if share is None else f"{share:.1%}",
        )
    return table
