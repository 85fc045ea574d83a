"""What all commands share: settings, output, progress, and components that are closed again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.bootstrap.components import Components
from services.config import load_settings

T = TypeVar("T")

PIPED_WIDTH = 1_000
"""Columns where no terminal says how many there are: a file or a pipe gets every value whole."""


def console_on(stream: TextIO, *, stderr: bool = False) -> Console:
    """A console as wide as its terminal, or so wide that it cuts no value where there is none."""
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(stderr=stderr, highlight=False, width=width)


out = console_on(sys.stdout)
err = console_on(sys.stderr, stderr=True)


def with_components(work: Callable[[Components], Awaitable[T]]) -> T:
    """Run a coroutine with the components of this process and close them afterwards."""

    async def run() -> T:
        components = Components(load_settings())
        try:
            return await work(components)
        finally:
            await components.close()

    return asyncio.run(run())


def progress(console: Console = err) -> Progress:
    """A progress bar, on standard error unless told otherwise, so that output can be piped."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[info]}"),
        console=console,
    )
