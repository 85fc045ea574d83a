"""What commands print, to a terminal and to a file."""

from __future__ import annotations

import io

from services.commands.console import console_on
from services.commands.tables import grid_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_values_whole() -> None:
    stream = io.StringIO()
    console = console_on(stream)
    console.file = stream
    grid = grid_of("drug", *("estimate" for _ in range(20)))
    grid.add_row("hydrochlorothiazide", *("1.234 [0.567, 2.891]" for _ in range(20)))
    console.print(grid)
    assert stream.getvalue().count("1.234 [0.567, 2.891]") == 20
    assert "…" not in stream.getvalue()


def test_a_terminal_says_how_wide_it_is() -> None:
    assert console_on(Terminal()).width != console_on(io.StringIO()).width
