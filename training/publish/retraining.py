"""`python -m training retrain`: from corpora to a published pair in one run, and its report.

The order of the steps and what becomes of a failure; what the steps do is `Steps`.
"""

from __future__ import annotations

import fcntl
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, TypeVar

from services.core.errors import AdewatchError
from services.core.model_versions import Publication
from training.errors import AlreadyRunning, TrainingError
from training.publish.release import write_json
from training.publish.runs import REPORT, folder_of, remove_old

T = TypeVar("T")

LOCK = ".retrain.lock"
GATE_REPORT = "gate.json"
CANDIDATE = "candidate"
"""The folder of a run that holds the exported versions, in the form of a model repository."""

PUBLICATION_FAILED = 4
"""Exit status of a command that could not publish; those of `TrainingError` are its own."""


class Steps(Protocol):
    """What a retraining does. Each step raises a `TrainingError` if it fails."""

    def load(self, run: Path) -> Mapping[str, int]:
        """Read the verdicts, which may lie in `run` meanwhile, and the corpora; documents for
        training by corpus."""
        ...

    def train(self, run: Path) -> None:
        """Train both models, into `run`."""
        ...

    def export(self, run: Path, candidate: Path) -> Mapping[str, Path]:
        """Write both versions with their cards below `candidate`; their folders by model."""
        ...

    def release(self, candidate: Mapping[str, Path], report: Path) -> Publication | None:
        """Hold the candidate against what serves and publish it; None if it is only kept.

        Raises:
            AdewatchError: it could not be published; what served serves on.
        """
        ...


@dataclass(slots=True)
class RunReport:
    """What a run did, written after every step, so that a killed run leaves its report too."""

    path: Path
    started_at: datetime
    settings: Mapping[str, Any]
    documents: Mapping[str, int] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    outcome: str = "running"
    exit_status: int | None = None
    reason: str = ""

    def write(self) -> None:
        """Write the file."""
        write_json(
            self.path,
            {
                "started_at": self.started_at.isoformat(timespec="seconds"),
                "outcome": self.outcome,
                "exit_status": self.exit_status,
                "reason": self.reason,
                "settings": dict(self.settings),
                "training_documents": dict(self.documents),
                "steps": self.steps,
            },
        )

    def end(self, outcome: str, *, status: int, reason: str = "") -> None:
        """Write the last word."""
        self.outcome, self.exit_status, self.reason = outcome, status, reason
        self.write()


@contextmanager
def only_one(runs: Path) -> Iterator[None]:
    """The right to retrain in a folder of runs, until the end of the block or of the process.

    Raises:
        AlreadyRunning: another process has it.
        TrainingError: the folder cannot be written.
    """
    try:
        runs.mkdir(parents=True, exist_ok=True)
        file = (runs / LOCK).open("w")
    except OSError as error:
        raise TrainingError(f"cannot write {runs}: {type(error).__name__}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another retraining is under way in {runs}") from None
        yield


class Terminated(SystemExit):
    """SIGTERM came; the exit status is that of a fault."""


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Within it SIGTERM, with which a scheduler ends a job, breaks the run off as a fault does:
    the report says so, and what was to be taken away is.

    Raises:
        Terminated: it came.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated(1)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def retrain(
    steps: Steps,
    runs: Path,
    *,
    at: datetime,
    settings: Mapping[str, Any],
    keep_runs: int,
    say: Callable[[str], None],
    seconds: Callable[[], float] = time.monotonic,
) -> Publication | None:
    """Remove the oldest runs, do all steps, one run at a time, and report.

    Args:
        steps: what is done.
        runs: the folder of runs; this one gets a folder of its own, named by its time.
        at: now.
        settings: for the report.
        keep_runs: how many runs stay, this one among them; see `remove_old`.
        say: gets one line per step and per run that is removed.
        seconds: a clock that only goes forward.

    Returns:
        The publication; None if the candidate is good and only kept.

    Raises:
        AlreadyRunning, TrainingError, AdewatchError: the step that failed; the report has it too.
        Terminated: SIGTERM came; likewise.
    """
    with only_one(runs), ended_by_sigterm():
        run = folder_of(runs, at)
        report = RunReport(run / REPORT, at, settings)

        def step(name: str, work: Callable[[], T]) -> T:
            say(f"{name} …")
            report.write()
            began = seconds()
            done = work()
            report.steps.append({"step": name, "seconds": round(seconds() - began, 1)})
            return done

        try:
            for old in remove_old(runs, run, keep=keep_runs):
                say(f"removed the run {old}")
            report.documents = step("load", lambda: steps.load(run))
            step("train", lambda: steps.train(run))
            candidate = step("export", lambda: steps.export(run, run / CANDIDATE))
            published = step("release", lambda: steps.release(candidate, run / GATE_REPORT))
        except TrainingError as error:
            report.end("failed", status=error.exit_status, reason=str(error))
            raise
        except AdewatchError as error:
            report.end("not published", status=PUBLICATION_FAILED, reason=str(error))
            raise
        except BaseException as error:
            # A bug or a signal: its message may quote a corpus, its kind does not.
            report.end("broken off", status=1, reason=type(error).__name__)
            raise
        report.end("candidate kept" if published is None else "published", status=0)
        say(f"report: {report.path}")
        return published
