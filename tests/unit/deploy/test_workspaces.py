"""What a killed owner left behind is cleaned up; what a living one has is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deploy.local.processes import Launch, ManagedProcess
from deploy.local.triton import SHARED_MEMORY, shared_memory_prefix
from deploy.local.workspaces import (
    claim,
    reap_abandoned,
    reap_everywhere,
    release,
    volatile,
)

EARLIER = "0123abcd-1000"
PAUSE = [sys.executable, "-c", "import signal; signal.pause()"]


def test_an_abandoned_folder_and_its_processes_go(tmp_path: Path) -> None:
    folder = tmp_path / f"{_ended_pid()}-{EARLIER}"
    process = _process(folder)
    region = SHARED_MEMORY / f"{shared_memory_prefix(folder / 'run')}left"
    region.touch()

    reap_abandoned(tmp_path)

    assert not process.is_running()
    assert not folder.exists()
    assert not region.exists()


def test_a_folder_of_a_living_owner_stays(tmp_path: Path) -> None:
    folder = claim(tmp_path)
    process = _process(folder)

    reap_abandoned(tmp_path)
    assert process.is_running()
    assert folder.exists()

    release(folder)
    assert not process.is_running()
    assert not folder.exists()


def test_a_pid_used_again_does_not_keep_a_folder_alive(tmp_path: Path) -> None:
    folder = tmp_path / f"{os.getpid()}-{EARLIER}"
    folder.mkdir()
    reap_abandoned(tmp_path)
    assert not folder.exists()


def test_other_folders_are_nobodys_business(tmp_path: Path) -> None:
    for name in ("data", "1-x", "x-1"):
        (tmp_path / name).mkdir()
    reap_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-x", "data", "x-1"]


def test_a_folder_that_does_not_exist_needs_no_reaping(tmp_path: Path) -> None:
    reap_abandoned(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_data_that_need_not_last_lie_in_memory_if_there_is_room(tmp_path: Path) -> None:
    disk, memory = tmp_path / "disk", tmp_path / "memory"
    assert volatile(disk, memory=memory) == disk
    memory.mkdir()
    assert volatile(disk, memory=memory, room=1).parent == memory
    assert volatile(disk, memory=memory, room=2**62) == disk


def test_what_was_abandoned_is_cleaned_up_wherever_it_lies(tmp_path: Path) -> None:
    disk, memory = tmp_path / "disk", tmp_path / "memory"
    memory.mkdir()
    left = [
        place / "tests" / f"{os.getpid()}-{EARLIER}"
        for place in (disk, volatile(disk, memory=memory, room=1))
    ]
    for folder in left:
        folder.mkdir(parents=True)

    reap_everywhere(disk, "tests", memory=memory)

    assert not any(folder.exists() for folder in left)


def _process(folder: Path) -> ManagedProcess:
    (folder / "run").mkdir(parents=True)
    process = ManagedProcess(name="thing", run_directory=folder / "run")
    process.launch(Launch(argv=PAUSE, environment={}, directory=folder))
    return process


def _ended_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid
