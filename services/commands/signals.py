"""Signals of the record."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from services.adapters.sql.overview import latest_signals
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.contracts import Measure, Signal

app = typer.Typer(help="Signals.", no_args_is_help=True)


@app.command("list")
def list_signals(
    every: Annotated[bool, typer.Option("--all", help="Also those that subsided.")] = False,
) -> None:
    """Show each signal with the counts and statistics of its last transition."""

    async def work(components: Components) -> list[Signal]:
        return latest_signals(components.engine, active_only=not every)

    out.print(signal_table(with_components(work)))


def signal_table(signals: list[Signal]) -> Table:
    """Signals as a table for a terminal."""
    table = Table("drug", "event", box=None, header_style="dim")
    for header in ("cases", "of drug", "of event", "of all"):
        table.add_column(header, justify="right")
    names = list(dict.fromkeys(m.name for signal in signals for m in signal.measures))
    for name in names:
        table.add_column(name, justify="right")
    for header in ("rule", "last transition", "at"):
        table.add_column(header)
    for signal in signals:
        measures = {measure.name: measure for measure in signal.measures}
        table.add_row(
            signal.drug,
            signal.event,
            *(str(number) for number in signal.counts),
            *(_shown(measures.get(name)) for name in names),
            signal.rule,
            signal.transition.value,
            f"{signal.occurred_at:%Y-%m-%d %H:%M}",
        )
    return table


def _shown(measure: Measure | None) -> str:
    if measure is None:
        return ""
    if measure.estimate is None:
        return measure.flag.value
    if measure.lower is None or measure.upper is None:
        return f"{measure.estimate:.2f}"
    return f"{measure.estimate:.2f} [{measure.lower:.2f}, {measure.upper:.2f}]"
