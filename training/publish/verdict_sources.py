"""Where a retraining has reviewers' verdicts from: a file, or the record of the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from services.commands.verdicts import write_labelled
from services.core.errors import AdewatchError
from training.corpora.documents import Document
from training.corpora.verdicts import read_verdicts
from training.errors import DataMissing, TrainingError

Source = Callable[[Path], list[Document]]
"""The folder of a run to the verdicts, one document each."""


def source_of(file: Path | None, *, from_store: bool) -> Source | None:
    """What reads the verdicts; None if there are none to read.

    Args:
        file: of `adewatch verdicts export`.
        from_store: whether the record of the settings is asked.

    Raises:
        TrainingError: both are asked for.
    """
    if file is not None and from_store:
        raise TrainingError("give --verdicts or --verdicts-from-store, not both")
    if file is not None:
        return lambda _: read_verdicts(file)
    return from_record if from_store else None


def from_record(run: Path) -> list[Document]:
    """The verdicts of the record of the settings, exported as `adewatch verdicts export` does.

    The file holds text of notes. Only its owner can read it and the folder it lies in, and both
    are gone when this returns, or raises: they never wait for the end of a training.

    Args:
        run: a folder; the file lies in it meanwhile.

    Raises:
        DataMissing: the record cannot be asked. One without verdicts is no error.
    """
    with TemporaryDirectory(prefix=".verdicts-", dir=run) as folder:
        file = Path(folder) / "verdicts.jsonl"
        try:
            write_labelled(file)
        except AdewatchError as error:
            raise DataMissing(
                f"no verdicts can be read from ADEWATCH_DATABASE_URL: {error}"
            ) from error
        return read_verdicts(file)
