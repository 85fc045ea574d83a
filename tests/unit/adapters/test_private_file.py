"""A private file is its owner's alone and is never half written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.adapters.private_file import write_private
from services.core.errors import ConfigurationError, DependencyUnavailable


def test_only_the_owner_can_read_it_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    path.write_text("older\n")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        assert write_private(path, ["é", "b"]) == 2
    finally:
        os.umask(before)
    assert path.read_text(encoding="utf-8") == "é\nb\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert write_private(path, []) == 0
    assert path.read_bytes() == b""


def test_lines_that_break_off_leave_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    path.write_text("older\n")

    def lines() -> Iterator[str]:
        yield "new"
        raise DependencyUnavailable("sql")

    with pytest.raises(DependencyUnavailable):
        write_private(path, lines())
    assert path.read_text() == "older\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "verdicts.jsonl"
    target.write_text("other")
    path.symlink_to(target)
    write_private(path, ["a"])
    assert target.read_text() == "other"
    assert not path.is_symlink()


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written: FileNotFoundError"):
        write_private(tmp_path / "nowhere" / "file", ["a"])
