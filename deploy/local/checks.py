"""The one check command, the same on a laptop and in CI."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from deploy.local.layout import REPOSITORY
from services.adapters.schemas import FOLDER, schemas

_BIN = Path(sys.executable).parent

_QUICK: Mapping[str, Sequence[str]] = {
    "format": (str(_BIN / "ruff"), "format", "--check", "--quiet", "."),
    "lint": (str(_BIN / "ruff"), "check", "--quiet", "."),
    "imports": (str(_BIN / "lint-imports"), "--no-logo"),
}
TYPES = (str(_BIN / "mypy"), "--no-error-summary", "services", "training", "deploy", "tests")
"""By far the longest check."""

_ON_ALL_PROCESSORS = ("-n", "logical", "--maxprocesses=4", "--no-loadscope-reorder")
"""Each process may start servers of its own: more than four would need too much memory."""


def check(*, progress: Callable[[str], None]) -> bool:
    """Run every check, also after one has failed; returns whether all passed."""
    passed = check_all_but_types(progress=progress)
    progress("check: types")
    return _passes(TYPES) and passed


def check_all_but_types(*, progress: Callable[[str], None]) -> bool:
    """Run the quick checks, also after one has failed; returns whether all passed."""
    passed = True
    for name, command in _QUICK.items():
        progress(f"check: {name}")
        passed &= _passes(command)
    progress("check: schemas")
    return _schemas_are_current() and passed


@contextmanager
def beside(command: Sequence[str]) -> Iterator[Callable[[], bool]]:
    """Run a check while something else runs: it needs one core, and tests wait a lot.

    It gets what the other leaves: servers under test have time limits, a check has none.

    Yields:
        What waits for its end and returns whether it passed; what it says is shown only if it
        does not. Without that call it is stopped.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(  # noqa: S603 - our own command
            ("nice", *command),  # noqa: S607 - of the system
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )

        def passed() -> bool:
            status = process.wait()
            if status != 0:
                said.seek(0)
                sys.stdout.write(said.read())
            return status == 0

        try:
            yield passed
        finally:
            process.kill()
            process.wait()


def run_tests(arguments: Sequence[str]) -> int:
    """Run pytest on all processors; returns its exit status.

    On Ctrl-C the terminal tells pytest as well, which then stops what it started: this process
    only waits. SIGTERM comes to this process alone and is passed on.

    Raises:
        KeyboardInterrupt: after pytest has ended, if either came.
    """
    return _run(["-m", "pytest", *_ON_ALL_PROCESSORS, *arguments])


def run_benchmark(arguments: Sequence[str]) -> int:
    """Run the benchmark of the whole service; returns its exit status. On Ctrl-C as `run_tests`."""
    return _run(["-m", "tests.benchmarks.end_to_end", *arguments])


def _run(arguments: Sequence[str]) -> int:
    command = [sys.executable, *arguments]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=REPOSITORY, stdin=subprocess.DEVNULL
    )
    arrived: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)
        if number == signal.SIGTERM:
            process.terminate()

    previous = {
        number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        status = process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if arrived:
        # Nobody wants to wait for what else runs, or goes on to the next check.
        raise KeyboardInterrupt
    return status


def _passes(command: Sequence[str]) -> bool:
    """Whether a command succeeds; what it says is shown only if it does not."""
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.stdout.write(done.stdout + done.stderr)
    return done.returncode == 0


def _schemas_are_current() -> bool:
    stale = [
        name
        for name, content in schemas().items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != content
    ]
    if stale:
        sys.stdout.write(
            f"out of date: {', '.join(stale)}; run `python -m services.adapters.schemas`\n"
        )
    return not stale
