"""A version that is exported into a model repository can be served."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.publish.serving_code import CODE, with_code

pytestmark = pytest.mark.training


def version(folder: Path, number: int, code: str = "") -> Path:
    made = folder / str(number)
    made.mkdir()
    if code:
        (made / CODE).write_text(code)
    return made


def test_a_new_version_has_the_code_of_the_newest(tmp_path: Path) -> None:
    version(tmp_path, 9, "nine")
    version(tmp_path, 10, "ten")
    version(tmp_path, 11)
    incoming = tmp_path / "99_incoming"
    incoming.mkdir()
    (incoming / CODE).write_text("half")
    new = version(tmp_path, 12)
    with_code(new)
    assert (new / CODE).read_text() == "ten"


def test_code_that_is_there_stays_and_none_is_invented(tmp_path: Path) -> None:
    alone = version(tmp_path, 1)
    with_code(alone)
    assert not (alone / CODE).exists()
    own = version(tmp_path, 2, "own")
    version(tmp_path, 3, "three")
    with_code(own)
    assert (own / CODE).read_text() == "own"
