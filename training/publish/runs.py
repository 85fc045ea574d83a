"""The folders of retrainings, one per run, of which only the newest stay.

A run is a folder that is named by its time and holds a report. Nothing else is ever removed.
"""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path

from training.errors import TrainingError

REPORT = "report.json"
KEPT_RUNS = 3
"""How many runs stay unless told otherwise, the one under way among them."""

_NAME = re.compile(r"\d{8}T\d{6}Z")


def folder_of(runs: Path, at: datetime) -> Path:
    """The folder of a run that begins at a time in UTC; in the order of names the later follow."""
    return runs / f"{at:%Y%m%dT%H%M%SZ}"


def remove_old(runs: Path, current: Path, *, keep: int) -> list[str]:
    """Remove all runs but the newest. Call it where no other run can be under way.

    Args:
        runs: the folder of runs; there may be others' files and folders in it.
        current: the run under way; it stays, whatever its time.
        keep: how many stay with it among them, at least 1.

    Returns:
        The names of those that were removed.

    Raises:
        TrainingError: one cannot be removed; the message says which.
    """
    others = sorted(run for run in runs.iterdir() if run != current and _is_run(run))
    old = others[: max(0, len(others) + 1 - max(1, keep))]
    for run in old:
        try:
            _remove(run)
        except OSError as error:
            raise TrainingError(
                f"cannot remove the old run {run}: {type(error).__name__}; remove it by hand"
            ) from error
    return [run.name for run in old]


def _is_run(path: Path) -> bool:
    return (
        _NAME.fullmatch(path.name) is not None
        and not path.is_symlink()
        and (path / REPORT).is_file()
    )


def _remove(run: Path) -> None:
    """Remove a run, its report last: until then a removal that was broken off can be repeated."""
    for path in run.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != REPORT:
            path.unlink()
    (run / REPORT).unlink()
    run.rmdir()
