"""Folders of stacks that belong to one process and end with it: tests and demonstrations.

A folder is named after its owner. When the owner was killed and could not clean up, the next one
does: it ends the processes whose pid files are in the folder, and deletes it.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.processes import Identity, ManagedProcess, living_process
from deploy.local.triton import SHARED_MEMORY, free_shared_memory

_ROOM_BYTES = 4 * 2**30
_FOLDER = re.compile(r"(?P<pid>\d+)-(?P<started>[0-9a-f]{8}-\d+)")


def volatile(state: Path, *, memory: Path = SHARED_MEMORY, room: int = _ROOM_BYTES) -> Path:
    """Where workspaces lie whose data need not outlive the machine: in memory, or on the disk.

    A database forces every commit to the disk, which takes 30 ms on some. Tests commit thousands
    of times and cut no power: on such a disk they would wait for it most of their time.

    Args:
        state: the folder on the disk.
        memory: a file system in memory.
        room: bytes that must be free there.
    """
    if memory.is_dir() and shutil.disk_usage(memory).free >= room:
        return _in(memory)
    return state


def reap_everywhere(state: Path, name: str, *, memory: Path = SHARED_MEMORY) -> None:
    """Release the abandoned workspaces of a kind, in memory and on the disk."""
    for place in (state, _in(memory)):
        reap_abandoned(place / name)


def claim(parent: Path) -> Path:
    """A new, empty folder owned by this process; abandoned ones beside it are cleaned up."""
    reap_abandoned(parent)
    owner = Identity.of(os.getpid())
    if owner is None:
        raise StackError("/proc does not show this process: the local stack needs it")
    folder = parent / f"{owner.pid}-{owner.started}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def release(folder: Path) -> None:
    """End every process with a pid file in the folder, and delete it."""
    for pid_file in folder.rglob("*.pid"):
        ManagedProcess(name=pid_file.stem, run_directory=pid_file.parent).kill()
        free_shared_memory(pid_file.parent)
    shutil.rmtree(folder, ignore_errors=True)


def reap_abandoned(parent: Path) -> None:
    """Release the folders whose owner no longer lives."""
    if not parent.is_dir():
        return
    for folder in parent.iterdir():
        owner = _owner(folder)
        if owner is not None and living_process(owner) is None:
            release(folder)


def _in(memory: Path) -> Path:
    return memory / f"adewatch-{os.getuid()}"


def _owner(folder: Path) -> Identity | None:
    match = _FOLDER.fullmatch(folder.name)
    return None if match is None else Identity(pid=int(match["pid"]), started=match["started"])
