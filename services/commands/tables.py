"""Numbers and tables for a terminal."""

from __future__ import annotations

from rich.table import Table

from services.core.signal_contracts import Measure


def number(value: float | None) -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def limits(measure: Measure) -> str:
    """An estimate with both limits."""
    return f"{number(measure.estimate)} [{number(measure.lower)}, {number(measure.upper)}]"


def grid_of(*headers: str) -> Table:
    """An empty table; all columns but the first are of numbers."""
    grid = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    for index, header in enumerate(headers):
        grid.add_column(header, justify="left" if index == 0 else "right", no_wrap=True)
    return grid
