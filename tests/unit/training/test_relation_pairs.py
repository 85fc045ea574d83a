"""What the relation model learns from: gold, paragraphs, false candidates, copies."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.spans import Span
from services.core.windows import Form
from tests.fakes.documents import document
from training.corpora.documents import Document
from training.rows.pairs import gold_pairs
from training.rows.relation import window_rows
from training.train import proposals, relation_pairs
from training.train.rehearsal import known_to
from training.train.relation_settings import RelationSettings
from training.train.splits import Parts

pytestmark = pytest.mark.training

NOTE = document("On [aspirin] she had {rash} and a cold.", (("T1", "T2"),))
COLD = Span(30, 34)
NOTHING = known_to("")


@pytest.fixture
def proposer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose model finds the cold in every document."""

    def found(proposer: Path, documents: Sequence[Document]) -> list[list[Span]]:
        return [[COLD] for _ in documents]

    monkeypatch.setattr(proposals, "proposed_events", found)
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


SETTINGS = RelationSettings(encoder="none", seed=1, joined=3, dictated_copies=3)

SENTENCES = [
    document("[Zocor] gave {rash}.", (("T1", "T2"),), doc_id="1", group="g"),
    document("[Advil] gave {hives}.", (("T1", "T2"),), doc_id="2", group="g"),
]


def test_paragraphs_bring_their_relations_and_not_only_what_crosses_them(proposer: Path) -> None:
    parts = {"ade": Parts(SENTENCES, [], [])}
    found = relation_pairs.training_pairs(parts, proposer, SETTINGS, NOTHING)
    joined = [pair for pair in found if len(pair.document.sentences) > 1]
    assert len(found) - len(joined) == len(SENTENCES)
    caused = [pair.caused for pair in joined]
    assert caused.count(True) == caused.count(False) == 2 * SETTINGS.joined


def test_a_relation_that_phee_and_ade_share_comes_once(proposer: Path) -> None:
    again = [replace(one, doc_id=f"phee:{one.doc_id}", corpus="phee") for one in SENTENCES]
    parts = {"ade": Parts(SENTENCES, [], []), "phee": Parts(again, [], [])}
    found = relation_pairs.training_pairs(parts, proposer, replace(SETTINGS, joined=2), NOTHING)
    assert not any(pair.caused for pair in found if pair.document.corpus == "phee")


def test_what_the_version_knows_is_rehearsed_with_its_false_candidates(
    proposer: Path, tmp_path: Path
) -> None:
    old = [replace(NOTE, doc_id=f"k{number}") for number in range(100)]
    new = [replace(NOTE, doc_id=f"n{number}") for number in range(100)]
    NOTHING.write(tmp_path, {"adewatch": Parts(old, [], [])})
    found = relation_pairs.training_pairs(
        {"adewatch": Parts([*old, *new], [], [])},
        proposer,
        replace(SETTINGS, rehearsed=0.3),
        known_to(str(tmp_path)),
    )
    asked = {pair.document.doc_id for pair in found}
    assert {one.doc_id for one in new} <= asked
    assert 115 < len(asked) < 145
    assert sum(pair.caused for pair in found) == len(found) - len(asked) == len(asked)


def test_rows_of_dictations_come_several_times_in_groups_of_their_own(
    proposer: Path, encoder: HuggingFaceTokenEncoder
) -> None:
    dictated = replace(NOTE, doc_id="d", group="d", corpus="dictations")
    own = replace(NOTE, doc_id="o", group="o", corpus="adewatch")
    pairs = gold_pairs([dictated, own])
    rows = window_rows(pairs, encoder, form=Form.LEVITATED, max_tokens=64)
    found = relation_pairs.with_copies(rows, pairs, SETTINGS)
    assert found[: len(rows)] == rows
    assert len(found) == len(rows) + 2
    assert len({row.group for row in found}) == len(found)
    assert {pairs[place].document.corpus for row in found[2:] for place in row.sources} == {
        "dictations"
    }
