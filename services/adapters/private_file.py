"""Files that only their owner may read, complete at the moment they have their name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from services.adapters.model_history import sync_folder
from services.core.errors import ConfigurationError


def write_private(path: Path, lines: Iterable[str]) -> int:
    """Write lines to a file of mode 0600, in the place of what was there.

    Args:
        path: the file. What it was before stays until all lines are written.
        lines: without their ends.

    Returns:
        How many there were.

    Raises:
        ConfigurationError: the folder is missing or cannot be written.
    """
    number = 0
    try:
        # mkstemp creates with 0600, whatever the umask says.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {type(error).__name__}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            for number, line in enumerate(lines, start=1):  # noqa: B007 - counted
                file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise ConfigurationError(f"{path} cannot be written: {type(error).__name__}") from None
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return number
