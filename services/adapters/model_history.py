"""The history of publications as one file of the model repository, `publications.json`.

The file is replaced as a whole by a rename, so a reader sees either the old history or the new
one, and what serves can never disagree with how it came to serve. Writers take a lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from services.core.errors import ConfigurationError
from services.core.model_versions import Action, Publication, VersionPair

FILE = "publications.json"
LOCK = ".publications.lock"


def read_history(repository: Path) -> list[Publication]:
    """All entries, oldest first; none if nothing was ever published.

    Raises:
        ConfigurationError: the file cannot be read or is damaged.
    """
    try:
        content = (repository / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigurationError(f"{FILE} cannot be read: {type(error).__name__}") from None
    try:
        return [_entry(record) for record in json.loads(content)["publications"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{FILE} is damaged: {type(error).__name__}") from None


def write_history(repository: Path, history: Sequence[Publication]) -> None:
    """Replace the file atomically and durably; the caller holds the lock."""
    records = {"publications": [_record(entry) for entry in history]}
    temporary = repository / f".{FILE}.new"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(records, file, indent=1, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(repository / FILE)
    sync_folder(repository)


def sync_folder(folder: Path) -> None:
    """Make renames within a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def publishing(repository: Path) -> Iterator[None]:
    """The right to change a repository, until the end of the block.

    Raises:
        ConfigurationError: somebody else publishes, or the repository cannot be written.
    """
    try:
        file = (repository / LOCK).open("w")
    except OSError as error:
        raise ConfigurationError(
            f"the model repository cannot be written: {type(error).__name__}"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError("another publication or rollback is under way") from None
        yield


def _record(entry: Publication) -> Mapping[str, object]:
    return {
        "sequence": entry.sequence,
        "action": entry.action.value,
        "pair": {"ner": entry.pair.ner, "relation": entry.pair.relation},
        "replaced": {"ner": entry.replaced.ner, "relation": entry.replaced.relation},
        "at": entry.at.isoformat(),
        "by": entry.by,
        "reason": entry.reason,
        "metrics": dict(entry.metrics),
        "sha256": dict(entry.sha256),
    }


def _entry(record: dict[str, Any]) -> Publication:
    return Publication(
        sequence=int(record["sequence"]),
        action=Action(record["action"]),
        pair=VersionPair(str(record["pair"]["ner"]), str(record["pair"]["relation"])),
        replaced=VersionPair(str(record["replaced"]["ner"]), str(record["replaced"]["relation"])),
        at=datetime.fromisoformat(record["at"]),
        by=str(record["by"]),
        reason=str(record["reason"]),
        metrics={str(name): float(value) for name, value in record["metrics"].items()},
        sha256={str(name): str(value) for name, value in record["sha256"].items()},
    )
