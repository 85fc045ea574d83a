"""Which pair serves, by development documents and without praise for what was fitted to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.core.bio import TypedSpan
from services.core.contracts import Assertion, MentionType
from tests.fakes.documents import document
from training.cli import app
from training.corpora import catalogue
from training.errors import DataMissing, TrainingError
from training.evaluate import choice_command, tagger, versions
from training.evaluate.bootstrap import Interval
from training.evaluate.choice import Choice, choose, cross_fitted, figures, mean_strict
from training.evaluate.kinds import CALIBRATED_ON, KINDS
from training.evaluate.scoring import Reading, ScoredPair
from training.train.splits import Parts

pytestmark = pytest.mark.training

RELATED = ("[Zocor] gave her a {rash}.", (("T1", "T2"),))
UNRELATED = ("[Zocor] gave her a {rash}.", ())


def reading(name: str, caused: float, *, related: bool, corpus: str = "adewatch") -> Reading:
    text, relations = RELATED if related else UNRELATED
    note = document(text, relations, doc_id=name, corpus=corpus)
    zocor, rash = (mention.span for mention in note.mentions)
    pair = ScoredPair(zocor, rash, caused, Assertion.AFFIRMED)
    sure = {TypedSpan(MentionType.DRUG, zocor): 0.99, TypedSpan(MentionType.ADE, rash): 0.99}
    return Reading(note, list(sure), [pair], [pair], sure)


def readings(*, right: float, count: int = 60) -> list[Reading]:
    """Every other document has a relation; the model is right about a share of all."""
    made = []
    for number in range(count):
        related = number % 2 == 0
        knows = number % 10 < 10 * right
        made.append(reading(f"d{number}", 0.9 if related is knows else 0.1, related=related))
    return made


def test_what_knows_more_serves() -> None:
    good, poor = (cross_fitted({"notes": readings(right=right)}) for right in (1.0, 0.7))
    assert mean_strict(good) == 1.0 > mean_strict(poor)
    better, worse = choose(poor, good, seed=1), choose(good, poor, seed=1)
    assert better.serves
    assert not better.worse
    assert not worse.serves
    assert worse.worse == ["notes, strict", "notes, overlapping"]
    assert better.gain == pytest.approx(-worse.gain)
    assert not choose(good, good, seed=1).serves


def test_a_pair_that_is_worse_in_one_kind_does_not_serve() -> None:
    sure, chance = Interval(0.2, 0.4), Interval(-0.1, 0.1)
    gained = {"literature": {"strict": sure, "overlapping": sure}}
    assert Choice(0.02, gained).serves
    assert Choice(0.02, {**gained, "notes": {"strict": chance, "overlapping": chance}}).serves
    lost = {"strict": chance, "overlapping": Interval(-0.3, -0.01)}
    assert not Choice(0.02, {**gained, "notes": lost}).serves
    assert not Choice(0.005, gained).serves


def test_nothing_is_measured_under_weights_that_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted_on: list[set[str]] = []

    def fitted(dev: Any) -> tuple[None, float]:
        fitted_on.append({one.document.doc_id for part in dev.values() for one in part})
        return None, 0.5

    monkeypatch.setattr("training.evaluate.choice.fitted", fitted)
    some = readings(right=1.0)
    scores = cross_fitted({"notes": some})["notes"]
    assert len(scores.strict) == len(some)
    left_out = [{one.document.doc_id for one in some} - seen for seen in fitted_on]
    assert all(left_out)
    assert sorted(name for part in left_out for name in part) == sorted(
        one.document.doc_id for one in some
    )


def test_false_alarms_and_counted_pairs_are_told() -> None:
    found = cross_fitted({"notes": readings(right=0.9), "abstracts": readings(right=1.0)})
    notes: Any = found["notes"].as_json()
    assert notes["documents_without_relation"] == 30
    assert notes["with_a_false_relation"] == found["notes"].alarms > 0
    assert notes["counted_pairs"]["gold"] == 30
    assert found["abstracts"].alarms == 0


def test_other_documents_are_no_comparison() -> None:
    some = cross_fitted({"notes": readings(right=1.0)})
    with pytest.raises(TrainingError, match="not the same documents"):
        choose(some, cross_fitted({"notes": readings(right=1.0, count=30)}), seed=1)


def test_the_first_pair_is_what_others_are_held_against() -> None:
    found: Any = figures(
        {
            "7,7": {"notes": readings(right=0.7)},
            "8,8": {"notes": readings(right=1.0)},
        },
        seed=3,
    )
    assert "choice" not in found["7,7"]
    assert found["8,8"]["choice"]["serves"] is True
    assert json.loads(json.dumps(found)) == found


def test_every_ner_model_reads_once_and_no_test_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in ("ner/7", "ner/8", "relation/7", "relation/8"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "model.onnx").write_bytes(b"")

    def note(corpus: str, part: str) -> Any:
        return document(*RELATED, doc_id=f"{corpus} {part}", corpus=corpus)

    parts = {
        name: Parts([note(name, "train")], [note(name, "dev")], [note(name, "test")])
        for name in CALIBRATED_ON
    }
    read: list[tuple[str, str]] = []

    def finder(ner: str) -> Any:
        def find(documents: list[Any]) -> list[Any]:
            read.extend((ner, one.doc_id) for one in documents)
            return [[(*mention, 0.9) for mention in one.spans()] for one in documents]

        return find

    def scorer(relation: str) -> Any:
        sure = 0.9 if relation == "8" else 0.2
        return lambda asked: [
            [ScoredPair(one.drugs[0], one.events[0], sure, Assertion.AFFIRMED)] for one in asked
        ]

    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: parts)
    for name in ("open_ner", "open_relation"):
        monkeypatch.setattr(versions, name, lambda folder: folder.name)
    monkeypatch.setattr(tagger, "finder", finder)
    monkeypatch.setattr(tagger, "scorer", scorer)
    done = CliRunner().invoke(
        app, ["compare", "7,7", f"7,{tmp_path}/relation/8", "8,8", "--repository", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert list(found) == ["7,7", f"7,{tmp_path}/relation/8", "8,8"]
    assert list(found["8,8"]["kinds"]) == list(KINDS)
    assert sorted(read) == sorted(
        (ner, f"{name} dev") for ner in ("7", "8") for name in CALIBRATED_ON
    )


@pytest.mark.parametrize(
    ("pair", "message"), [("7", "a pair is NER,RELATION"), ("7,7", "holds no version")]
)
def test_a_pair_that_is_none_is_refused(tmp_path: Path, pair: str, message: str) -> None:
    with pytest.raises(DataMissing, match=message):
        choice_command._versions(pair, tmp_path)
