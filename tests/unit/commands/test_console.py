"""What commands print, to a terminal and to a file."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from services.commands.console import console_on
from services.commands.signals import signal_table
from services.commands.tables import grid_of
from services.core.contracts import Pair
from services.core.signal_contracts import Measure, Transition
from tests.fakes.signals import signal


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


def test_eighty_columns_hold_every_number_of_a_signal() -> None:
    numbers = {"prr": (112.54, 14.41), "chi2": (118.2, None), "ic": (2.51, 0.53),
               "maxsprt": (7.19, None), "ebgm": (14.88, 8.89)}  # fmt: skip
    measures = tuple(
        Measure(name=name, estimate=estimate, lower=lower, upper=None)
        for name, (estimate, lower) in numbers.items()
    )
    made = replace(signal(Pair("carbamazepine", "thrombocytopenia")), measures=measures)
    stream = io.StringIO()
    Console(file=stream, width=80).print(signal_table([made], {}, {}))
    for number in ("112.5 (14.4)", "118.2", "2.5 (0.5)", "14.9 (8.9)"):
        assert number in stream.getvalue()
    assert "…" not in stream.getvalue()
    assert "LLR" not in stream.getvalue()
    bounded = replace(made, rule="evans+maxsprt", transition=Transition.SUBSIDED)
    wide = io.StringIO()
    Console(file=wide, width=120).print(signal_table([bounded], {}, {}))
    assert all(shown in wide.getvalue() for shown in ("LLR", "7.2", "subsided"))


def test_cases_of_history_alone_are_shown_where_there_are_any() -> None:
    one, other = signal(Pair("amoxicillin", "rash")), signal(Pair("lisinopril", "cough"))
    now = {Pair("amoxicillin", "rash"): 7, Pair("lisinopril", "cough"): 8}

    def shown(historical: dict[Pair, int]) -> str:
        stream = io.StringIO()
        Console(file=stream, width=200).print(signal_table([one, other], now, historical))
        return stream.getvalue()

    marked = shown({Pair("amoxicillin", "rash"): 3, Pair("lisinopril", "cough"): 0})
    header, first, second = (line.split() for line in marked.splitlines()[:3])
    assert header[2:5] == ["cases", "now", "hist."]
    assert (first[3:5], second[3:5]) == (["7", "3"], ["8", "0"])
    assert "historical only" in marked
    plain = shown(dict.fromkeys(now, 0))
    assert "hist." not in plain
    assert "historical" not in plain
