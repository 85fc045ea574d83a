"""A version is exported from a complete run, or not begun."""

from pathlib import Path

import pytest

from training.errors import DataMissing
from training.publish.versions import export_version
from training.train.rehearsal import LEARNED

pytestmark = pytest.mark.training


def never(graph: Path) -> float:
    """The score of a graph, which must not be asked for."""
    raise AssertionError(graph)


@pytest.mark.parametrize("task", ["ner", "relation"])
@pytest.mark.parametrize("missing", ["tokenizer.json", LEARNED])
def test_a_run_that_lacks_a_file_leaves_no_version_behind(
    tmp_path: Path, task: str, missing: str
) -> None:
    run, folder = tmp_path / "run", tmp_path / "repository" / task / "4"
    run.mkdir()
    for name in {"tokenizer.json", LEARNED} - {missing}:
        (run / name).touch()
    with pytest.raises(DataMissing, match=f"no {missing}"):
        export_version(task, run, folder, never)
    assert not folder.exists()
