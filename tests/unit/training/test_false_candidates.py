"""Events that a proposer finds in notes and that are not gold become negatives."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from services.core.spans import Span
from tests.fakes.documents import document
from training.corpora.documents import Document
from training.train import relation_pairs
from training.train.splits import Parts

pytestmark = pytest.mark.training

NOTE = document("On [aspirin] she had {rash} and a cold.", (("T1", "T2"),))
COLD = Span(30, 34)


@pytest.fixture
def proposer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose model finds the cold in every document."""
    (tmp_path / "model.pt").touch()

    def found(proposer: Path, trained: int, documents: Sequence[Document]) -> list[list[Span]]:
        return [[COLD] for _ in documents]

    monkeypatch.setattr(relation_pairs, "_proposed_events", found)
    return tmp_path


def test_notes_have_false_candidates_and_sentences_of_the_literature_have_none(
    proposer: Path,
) -> None:
    assert NOTE.text[COLD.start : COLD.end] == "cold"
    parts = {name: Parts([], [NOTE], []) for name in ("ade", "clinical", "adewatch")}
    found = relation_pairs.dev_pairs(parts, proposer, limit=4, seed=1)
    false = {
        name: [pair.event for pair in pairs if not pair.caused] for name, pairs in found.items()
    }
    assert false == {"ade": [], "clinical": [COLD], "adewatch": [COLD]}


def test_no_more_than_the_limit_is_taken(proposer: Path) -> None:
    parts = {"adewatch": Parts([], [NOTE], [])}
    (pair,) = relation_pairs.dev_pairs(parts, proposer, limit=0, seed=1)["adewatch"]
    assert pair.caused
