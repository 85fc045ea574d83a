"""What a NER model proposes is asked for once per text and model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.core.spans import Span
from tests.fakes.documents import document
from training.corpora.documents import Document
from training.train import proposals

pytestmark = pytest.mark.training

FIRST = document("She had {rash} after [aspirin].", doc_id="first")
SECOND = document("No {nausea} with [zocor].", doc_id="second")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the documents that were read, one by one; each has one event, its first word."""
    names: list[str] = []

    def reading(proposer: Path, documents: Sequence[Document]) -> list[list[tuple[int, int]]]:
        names.extend(one.doc_id for one in documents)
        return [[(0, one.text.index(" "))] for one in documents]

    monkeypatch.setattr(proposals, "_read", reading)
    return names


def run_in(folder: Path) -> Path:
    (folder / "model.pt").write_bytes(b"weights")
    return folder


def test_a_text_is_read_once(read: list[str], tmp_path: Path) -> None:
    run = run_in(tmp_path)
    assert proposals.proposed_events(run, [FIRST]) == [[Span(0, 3)]]
    found = proposals.proposed_events(run, [SECOND, FIRST, SECOND])
    assert found == [[Span(0, 2)], [Span(0, 3)], [Span(0, 2)]]
    assert read == ["first", "second"]
    assert sorted(path.name for path in run.iterdir()) == ["model.pt", proposals.KEPT]


def test_another_model_reads_anew(read: list[str], tmp_path: Path) -> None:
    run = run_in(tmp_path)
    proposals.proposed_events(run, [FIRST])
    kept = json.loads((run / proposals.KEPT).read_text())
    (run / proposals.KEPT).write_text(json.dumps({**kept, "trained": kept["trained"] - 1}))
    proposals.proposed_events(run, [FIRST])
    assert read == ["first", "first"]


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"trained": 1, "events": 2}', "\x00"])
def test_a_damaged_file_is_no_reason_to_fail(read: list[str], tmp_path: Path, damaged: str) -> None:
    run = run_in(tmp_path)
    (run / proposals.KEPT).write_text(damaged)
    assert proposals.proposed_events(run, [FIRST]) == [[Span(0, 3)]]
    assert read == ["first"]


def test_where_nothing_can_be_kept_notes_are_read_anew(
    read: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    run = run_in(tmp_path)
    monkeypatch.setattr(Path, "write_text", full)
    for _ in range(2):
        assert proposals.proposed_events(run, [FIRST]) == [[Span(0, 3)]]
    assert read == ["first", "first"]


def test_no_model_is_needed_for_no_notes(tmp_path: Path) -> None:
    assert proposals.proposed_events(tmp_path, []) == []
