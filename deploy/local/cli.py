"""`./deploy/run`: the commands of the local stack."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.local import checks, kafka_jars, workspaces
from deploy.local import demo as demo_run
from deploy.local.errors import StackError
from deploy.local.layout import STATE, Installed, install, installed
from deploy.local.stack import Stack, open_stack, saved_ports, stack_file

_MEBIBYTE = 2**20
_FOLLOW_SECONDS = 0.25
_LOG_LINES = 40

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Run adewatch on this machine: real Kafka, Redis and Triton, no root, no containers.",
)
console = Console(stderr=True, highlight=False)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(
    context: typer.Context,
    notes: Annotated[
        Path | None,
        typer.Option(
            help="Notes to stream, one JSON a line.", exists=True, dir_okay=False, resolve_path=True
        ),
    ] = None,
) -> None:
    """Stream notes through the whole service and show what it finds."""
    parts = _installed()
    folder = workspaces.claim(STATE / "demo")
    try:
        stack = open_stack(folder, parts, settings=demo_run.SETTINGS)
        with _stopped_at_the_end(stack):
            stack.start(progress=_say)
            status = demo_run.run(stack, notes=notes, arguments=context.args)
    finally:
        workspaces.release(folder)
    raise typer.Exit(status)


@app.command()
def up(
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget all data first.")] = False,
) -> None:
    """Start the whole service and leave it running."""
    stack = open_stack(STATE, _installed())
    if fresh:
        stack.stop()
        _forget_data()
    stack.start(progress=_say)
    _print_status(stack)
    _say(f"Running. Ports and variables: {stack_file(STATE)}. To end it: ./deploy/run down")


@app.command()
def down() -> None:
    """Stop everything, also what an interrupted demo, test or benchmark left behind."""
    if saved_ports(STATE) is not None:
        _say("Stopping")
        open_stack(STATE, installed(STATE)).stop()
    for folder in ("demo", "tests", "bench"):
        workspaces.reap_everywhere(STATE, folder)
    _say("Nothing runs")


@app.command()
def status() -> None:
    """Show every component; fails if one of them does not run."""
    stack = _existing_stack()
    _print_status(stack)
    if not all(component.process.is_running() for component in stack.components):
        raise typer.Exit(3)


@app.command()
def logs(
    component: Annotated[str | None, typer.Argument(help="Which one; all if none.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Show the end of the logs."""
    stack = _existing_stack()
    chosen = stack.components if component is None else (stack.component(component),)
    offsets: dict[Path, int] = {}
    for part in chosen:
        process = part.process
        offsets[process.log_path] = _size(process.log_path)
        for line in process.log_tail(_LOG_LINES).splitlines():
            typer.echo(f"{part.name:>9} | {line}" if component is None else line)
    while follow:
        time.sleep(_FOLLOW_SECONDS)
        for part in chosen:
            path = part.process.log_path
            for line in _new_lines(path, offsets):
                typer.echo(f"{part.name:>9} | {line}" if component is None else line)


@app.command(
    "adewatch",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def adewatch(context: typer.Context) -> None:
    """Run the service's own command line against the running stack."""
    raise typer.Exit(_existing_stack().attach(context.args))


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def bench(context: typer.Context) -> None:
    """Measure the service against the bare models; arguments go to the benchmark."""
    _installed()
    raise typer.Exit(checks.run_benchmark(context.args))


@app.command()
def check() -> None:
    """Format, lint, types, imports and schemas."""
    if not checks.check(progress=_say):
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run the checks and all tests on real components; further arguments go to pytest."""
    passed = checks.check_all_but_types(progress=_say)
    _installed()
    with checks.beside(checks.TYPES) as types_passed:
        try:
            outcome = checks.run_tests(context.args)
        finally:  # what a process of the tests had no time to stop
            workspaces.reap_everywhere(STATE, "tests")
        _say("check: types (begun with the tests)")
        passed &= types_passed()
    if not passed:
        _say("The checks failed (see above)")
    raise typer.Exit(outcome or int(not passed))


@app.command("install")
def install_command() -> None:
    """Only set up what the stack needs."""
    _installed()


@app.command("lock-jars", hidden=True)
def lock_jars() -> None:
    """Resolve Apache Kafka's jars anew."""
    _say(f"{kafka_jars.write_lock()} jars locked")


def main() -> None:
    """Run a command; an expected failure is one message and exit status 1."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: stop what was started
        signal.signal(number, _interrupt)
    try:
        app(standalone_mode=True)
    except StackError as error:
        console.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(message: str) -> None:
    console.print(f"[dim]·[/] {escape(message)}", soft_wrap=True)


def _installed() -> Installed:
    return install(STATE, progress=_say)


def _existing_stack() -> Stack:
    if saved_ports(STATE) is None:
        raise StackError("nothing was started here: ./deploy/run up")
    return open_stack(STATE, installed(STATE))


@contextmanager
def _stopped_at_the_end(stack: Stack) -> Iterator[None]:
    try:
        yield
    finally:
        _say("Stopping")
        stack.stop()


def _forget_data() -> None:
    for name in ("kafka", "redis", "run"):
        shutil.rmtree(STATE / name, ignore_errors=True)
    for pattern in ("adewatch.sqlite*", "received.jsonl"):
        for path in STATE.glob(pattern):
            path.unlink()


def _print_status(stack: Stack) -> None:
    table = Table(box=None, header_style="dim")
    for column in ("component", "state", "pid", "port", "memory", "since"):
        table.add_column(column, justify="right" if column in {"pid", "port", "memory"} else "left")
    for component in stack.components:
        leader = component.process.leader()
        port = "" if component.port is None else str(component.port)
        if leader is None:
            table.add_row(component.name, "[red]stopped[/]", "", port, "", "")
            continue
        since = datetime.fromtimestamp(leader.create_time(), tz=UTC).astimezone()
        memory = f"{component.process.memory_bytes() / _MEBIBYTE:.0f} MiB"
        table.add_row(
            component.name, "[green]running[/]", str(leader.pid), port, memory, f"{since:%H:%M:%S}"
        )
    Console().print(table)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _new_lines(path: Path, offsets: dict[Path, int]) -> list[str]:
    size = _size(path)
    start = offsets.get(path, 0)
    if size <= start:
        offsets[path] = size
        return []
    with path.open("rb") as log:
        log.seek(start)
        content = log.read(size - start)
    whole = content[: content.rfind(b"\n") + 1]
    offsets[path] = start + len(whole)
    return whole.decode(errors="replace").splitlines()
