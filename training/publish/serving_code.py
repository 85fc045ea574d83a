"""The code that a server runs around a graph, which is the same in every version of a model."""

from __future__ import annotations

import shutil
from pathlib import Path

CODE = "model.py"


def with_code(version: Path) -> None:
    """Give a new version in a model repository the code of the newest one that has it.

    Nothing is done where it has code already, or where no other version has any: whoever publishes
    the version then brings it along.
    """
    others = [one for one in version.parent.glob("[0-9]*") if one.name.isdigit()]
    known = [one for one in others if one != version and (one / CODE).is_file()]
    if known and not (version / CODE).is_file():
        newest = max(known, key=lambda one: int(one.name))
        shutil.copyfile(newest / CODE, version / CODE)
