"""A retraining with tiny models: from corpora to a candidate, and on from what serves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from services.core.confidence import read_confidence
from tests.fakes.documents import document
from training.corpora import catalogue
from training.corpora.documents import Document
from training.errors import DataMissing
from training.evaluate.kinds import CALIBRATED_ON, MEASURED
from training.evaluate.versions import CLIENT, read_json
from training.publish import retraining_steps
from training.publish.cards import sha256
from training.publish.retraining_steps import ModelSteps, recipes
from training.train.splits import Parts

pytestmark = pytest.mark.training

SEED = 5
CORPORA = ("ade", "adewatch")


def notes(corpus: str, part: str, count: int) -> list[Document]:
    made = []
    for number in range(count):
        name = f"{corpus}:{part}:{number}"
        note = document(
            "She had {rash} after [aspirin]. No {nausea} with [zocor].",
            (("T2", "T1"),),
            doc_id=name,
            group=name,
        )
        made.append(replace(note, corpus=corpus))
    return made


@dataclass
class Shelf:
    """Corpora of a few notes each, and the names that were asked for."""

    train: int = 2
    asked: set[str] = field(default_factory=set)

    def load(self, names: Iterable[str], data: Path, *, seed: int) -> dict[str, Parts]:
        chosen = list(names)
        self.asked.update(chosen)
        return {
            name: Parts(
                notes(name, "train", self.train), notes(name, "dev", 2), notes(name, "test", 2)
            )
            for name in chosen
        }


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shelf:
    made = Shelf()
    monkeypatch.setattr(catalogue, "load", made.load)
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    return made


def steps(encoder: Path, start: dict[str, Path], seen: list[object]) -> ModelSteps:
    ner, relation = recipes(
        str(encoder),
        seed=SEED,
        bfloat16=False,
        start=start,
        epochs={"ner": 1, "relation": 1},
    )
    return ModelSteps(
        # One step would leave two layers with the very same weights, which the exporter makes one.
        ner=replace(ner, max_rows=1),
        relation=replace(relation, joined=2),
        ner_corpora=CORPORA,
        relation_corpora=CORPORA,
        verdicts=None,
        publish=lambda candidate, report: seen.append((candidate, report)),
        command="python -m training retrain",
    )


def retrained(encoder: Path, folder: Path, start: dict[str, Path], shelf: Shelf) -> dict[str, Path]:
    seen: list[object] = []
    made = steps(encoder, start, seen)
    assert made.load(folder / "run") == dict.fromkeys(CORPORA, shelf.train)
    made.train(folder / "run")
    candidate = dict(made.export(folder / "run", folder / "candidate"))
    made.release(candidate, folder / "report.json")
    assert seen[-1] == (candidate, folder / "report.json")
    return candidate


@pytest.mark.parametrize("within", [0.0, 55.0])
def test_no_training_of_a_retraining_forgets_the_time_it_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shelf: Shelf, within: float
) -> None:
    given: dict[str, float] = {}

    def asked(*arguments: Any) -> None:
        (settings,) = (one for one in arguments if hasattr(one, "within"))
        given[arguments[-1].name] = settings.within

    monkeypatch.setattr(
        retraining_steps, "train_ner", lambda parts, settings, run: asked(settings, run)
    )
    monkeypatch.setattr(
        retraining_steps,
        "train_relation",
        lambda parts, proposer, settings, run: asked(settings, run),
    )
    made = steps(tmp_path, {}, [])
    ner, relation = recipes(
        "encoder",
        seed=SEED,
        bfloat16=False,
        start={},
        epochs={"ner": None, "relation": None},
        within=within,
    )
    made.ner, made.relation = ner, relation
    made.train(tmp_path)
    assert set(given) == {"ner", "proposer", "relation"}
    assert given["ner"] == within
    assert given["proposer"] + given["relation"] == pytest.approx(within)
    # No time at all would be no end.
    assert (given["proposer"] > 0) == (given["relation"] > 0) == (within > 0)


def test_verdicts_are_read_in_the_folder_of_the_run_and_learned_from(
    encoder_folder: Path, tmp_path: Path, shelf: Shelf
) -> None:
    read: list[Path] = []
    verdict = document("They had {hives} after [keflex].", (("T2", "T1"),), doc_id="v", group="v")

    def source(run: Path) -> list[Document]:
        read.append(run)
        return [replace(verdict, corpus="verdicts")]

    made = steps(encoder_folder, {}, [])
    made.verdicts = source
    assert made.load(tmp_path / "run") == {**dict.fromkeys(CORPORA, shelf.train), "verdicts": 1}
    assert read == [tmp_path / "run"]


def test_a_retraining_makes_a_calibrated_pair_and_goes_on_from_it(
    encoder_folder: Path, tmp_path: Path, shelf: Shelf
) -> None:
    first = retrained(encoder_folder, tmp_path / "afresh", {}, shelf)
    assert shelf.asked == {*CORPORA, *CALIBRATED_ON}
    cards: dict[str, Any] = {task: read_json(one / "card.json") for task, one in first.items()}
    for task, card in cards.items():
        assert (card["model"], card["version"]) == (task, 1)
        assert set(card["metrics_test"]) == set(MEASURED)
        assert card["commands"] == ["python -m training retrain"]
    assert read_confidence(cards["relation"]) is not None
    # Two development notes of each of four corpora, and two training notes of the three that were
    # not learned.
    assert cards["relation"]["status_weights"]["relations"] == 4 * 2 + 3 * 2
    assert not any((one / CLIENT).exists() for one in first.values())
    weights = cards["relation"]["confidence"]
    assert weights["fitted_with_ner"] == sha256(first["ner"] / "model.onnx")

    shelf.train = 5
    second = retrained(encoder_folder, tmp_path / "on", first, shelf)
    card = read_json(second["relation"] / "card.json")
    assert card["hyper_parameters"]["start"] == "relation/1"
    assert card["confidence"]["fitted_with_ner"] == sha256(second["ner"] / "model.onnx")
    assert card["confidence"]["fitted_with_ner"] != weights["fitted_with_ner"]
    known = [(one["ner"] / "learned.txt").read_text().split() for one in (first, second)]
    assert set(known[0]) < set(known[1])

    (first["ner"] / "card.json").write_text(json.dumps({}))
    (first["relation"] / "card.json").unlink()
    with pytest.raises(DataMissing, match="cannot read"):
        steps(encoder_folder, first, [])
