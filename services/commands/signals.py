"""Signals of the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.table import Table

from services.adapters.sql.overview import latest_signals
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.contracts import Pair
from services.core.signal_contracts import Measure, MeasureFlag, Signal, Transition

app = typer.Typer(help="Signals.", no_args_is_help=True)


@app.command("list")
def list_signals(
    every: Annotated[bool, typer.Option("--all", help="Also those that subsided.")] = False,
) -> None:
    """Show each signal with the counts and statistics of its last transition."""

    async def work(
        components: Components,
    ) -> tuple[list[Signal], dict[Pair, int], dict[Pair, int]]:
        found = latest_signals(components.engine, active_only=not every)
        pairs = [Pair(signal.drug, signal.event) for signal in found]
        _, tables = await components.counts.tables(pairs)
        now = {pair: table.n11 for pair, table in zip(pairs, tables, strict=True)}
        return found, now, components.case_book.historical_only(pairs)

    out.print(signal_table(*with_components(work)))


def signal_table(
    signals: Sequence[Signal], now: Mapping[Pair, int], historical: Mapping[Pair, int]
) -> Table:
    """Signals as a table for a terminal of eighty columns or more: numbers are never cut.

    The sequential measure is shown where a rule looks at it, transitions where they differ, and
    cases that rest on history alone where there are any.

    Args:
        signals: the last transition of each.
        now: the cases of their pairs at present.
        historical: how many of these rest on historical statements only.
    """
    hidden = {"ror"} if any(_SEQUENTIAL in s.rule for s in signals) else {"ror", _SEQUENTIAL}
    names = list(dict.fromkeys(m.name for s in signals for m in s.measures if m.name not in hidden))
    differ = any(signal.transition is not Transition.DETECTED for signal in signals)
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    for header in ("drug", "event"):
        table.add_column(header, overflow="fold")
    if differ:
        table.add_column("transition", no_wrap=True)
    recalled = any(historical.get(Pair(one.drug, one.event)) for one in signals)
    marked = ["hist."] if recalled else []
    for header in ("cases", "now", *marked, *(_HEADERS.get(name, name) for name in names)):
        table.add_column(header, justify="right", no_wrap=True)
    for signal in signals:
        pair = Pair(signal.drug, signal.event)
        measures = {measure.name: measure for measure in signal.measures}
        table.add_row(
            signal.drug,
            signal.event,
            *([signal.transition.value] if differ else []),
            str(signal.counts.n11),
            str(now.get(pair, 0)),
            *([str(historical.get(pair, 0))] if recalled else []),
            *(shown(measures.get(name)) for name in names),
        )
    rules = ", ".join(sorted({signal.rule for signal in signals})) or "none"
    table.caption = (
        f"cases and statistics at the transition (lower limit: 95%, of EBGM 90%); rule: {rules}"
    )
    if recalled:
        table.caption += "; hist.: of the cases now, those that are historical only"
    return table


_SEQUENTIAL = "maxsprt"
_HEADERS = {"prr": "PRR", "chi2": "χ²", "ic": "IC", "maxsprt": "LLR", "ebgm": "EBGM"}


def shown(measure: Measure | None) -> str:
    """A measure with its lower limit, as short as can be."""
    if measure is None:
        return ""
    if measure.flag is MeasureFlag.INFINITE:
        return "∞"
    if measure.estimate is None:
        return "–"
    if measure.lower is None:
        return f"{measure.estimate:.1f}"
    return f"{measure.estimate:.1f} ({measure.lower:.1f})"
