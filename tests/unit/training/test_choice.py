"""Which pair serves, by development documents and without praise for what was fitted to them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from services.core.bio import TypedSpan
from services.core.contracts import Assertion, MentionType
from services.core.windows import Form
from tests.fakes.documents import document
from training.cli import app
from training.corpora import catalogue
from training.errors import DataMissing, TrainingError
from training.evaluate import tagger, versions
from training.evaluate.bootstrap import Interval
from training.evaluate.choice import Choice, choose, cross_fitted, figures, mean_strict
from training.evaluate.confidence import weighed
from training.evaluate.kinds import CALIBRATED_ON, KINDS
from training.evaluate.measuring import versions_in
from training.evaluate.pair_scores import PairModel
from training.evaluate.scoring import Reading, ScoredPair
from training.evaluate.tagger import fit_confidence_and_threshold
from training.train.rehearsal import Known
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


def test_nothing_is_measured_under_weights_that_saw_it() -> None:
    """One patient's notes mislead a model that is right about all others, if a little less sure:
    whoever had fitted them too would ask for more."""
    others = [
        reading(f"d{number}", 0.995 if number % 2 == 0 else 0.1, related=number % 2 == 0)
        for number in range(60)
    ]
    odd = [
        replace(one, document=replace(one.document, group="odd"))
        for one in (reading(f"odd{number}", 0.8, related=False) for number in range(60))
    ]
    scores = cross_fitted({"notes": [*others, *odd]})["notes"]
    assert (scores.without_relation, scores.alarms) == (30 + 60, 60)
    whole, threshold = fit_confidence_and_threshold({"notes": [*others, *odd]})
    claimed = [one for one in weighed(odd, whole) if one.end_to_end[0].caused >= threshold]
    assert not claimed


def test_false_alarms_and_counted_pairs_are_told() -> None:
    found = cross_fitted({"notes": readings(right=0.9), "abstracts": readings(right=1.0)})
    notes: Any = found["notes"].as_json()
    assert notes["documents_without_relation"] == 30
    # One of ten is wrong, d9, d19, … and they have none.
    assert notes["with_a_false_relation"] == 6
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
        task = folder.split("/")[0]
        (tmp_path / folder / "client.json").write_text(json.dumps({"model": task}))

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

    def scorer(relation: Any) -> Any:
        sure = 0.9 if relation.encoder == "8" else 0.2
        return lambda asked: [
            [ScoredPair(one.drugs[0], one.events[0], sure, Assertion.AFFIRMED)] for one in asked
        ]

    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: parts)
    monkeypatch.setattr(versions, "open_ner", lambda folder: folder.name)
    model = PairModel(Mock(), Mock(), Form.LEVITATED)
    monkeypatch.setattr(
        versions, "open_relation", lambda folder: replace(model, encoder=folder.name)
    )
    monkeypatch.setattr(tagger, "finder", finder)
    monkeypatch.setattr(tagger, "scorer", scorer)
    done = CliRunner().invoke(
        app, ["compare", "7,7", f"7,{tmp_path}/relation/8", "8,8", "--repository", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert list(found) == ["7,7", f"7,{tmp_path}/relation/8", "8,8"]
    assert list(found["8,8"]["kinds"]) == list(KINDS)
    assert versions_in(tmp_path) == {task: tmp_path / task / "8" for task in ("ner", "relation")}
    assert sorted(read) == sorted(
        (ner, f"{name} dev") for ner in ("7", "8") for name in CALIBRATED_ON
    )

    # A version that has learned what it is to be chosen by is praised for nothing.
    Known("", {}).write(tmp_path / "ner/8", {"ade": Parts([note("ade", "dev")], [], [])})
    done = CliRunner().invoke(app, ["compare", "7,7", "8,8", "--repository", str(tmp_path)])
    assert (done.exit_code, "ner/8 has learned 1 of" in str(done.exception)) == (1, True)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["7"], "a pair is NER,RELATION"),
        (["7,9"], "holds no version of relation"),
        (["7,{}/ner/7"], "holds no version of relation"),
        (["7,7"], "two different pairs"),
        (["7,7", "7,{}/relation/7"], "two different pairs"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, pairs: list[str], message: str) -> None:
    for task in ("ner", "relation"):
        folder = tmp_path / task / "7"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(b"")
        (folder / "card.json").write_text(json.dumps({"model": task}))
    asked = [pair.format(tmp_path) for pair in pairs]
    done = CliRunner().invoke(app, ["compare", *asked, "--repository", str(tmp_path)])
    assert isinstance(done.exception, DataMissing)
    assert message in str(done.exception)
