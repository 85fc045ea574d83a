"""Folds and ablations from training to figures, on a tiny encoder."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.core.windows import Form
from tests.fakes.documents import document
from training.errors import DataMissing, TrainingError
from training.models.published import PARTS
from training.publish.retraining_steps import recipes
from training.train.ablation import REWRITTEN, VARIANTS, Variant, run_variants, table, texts
from training.train.cross_validation import FoldPlan, run_folds, summary
from training.train.ner import NerSettings, train_ner
from training.train.rehearsal import known_to
from training.train.relation import train_relation
from training.train.relation_settings import RelationSettings
from training.train.runs import is_trained
from training.train.splits import Parts

pytestmark = pytest.mark.training

SEED = 5
# Of these abstracts the last is chosen on, by its name and the seed.
ABSTRACTS = [
    document(
        "She had {rash} after [aspirin]. No {nausea} with [zocor].",
        (("T2", "T1"),),
        doc_id=f"ade:{number}",
        group=f"pmid:{number}",
    )
    for number in (0, 1, 2, 15)
]


def plan(encoder: Path, *, epochs: int = 1) -> FoldPlan:
    return FoldPlan(
        documents=ABSTRACTS,
        beside={},
        folds=[frozenset({"ade:0"}), frozenset({"ade:1"})],
        strict=False,
        ner=NerSettings(encoder=str(encoder), seed=SEED, epochs=epochs),
        relation=RelationSettings(encoder=str(encoder), seed=SEED, epochs=epochs, joined=2),
    )


def test_folds_are_trained_once_and_measured(encoder_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "folds"
    found = list(run_folds(plan(encoder_folder), [0, 1], out))
    assert [(one["fold"], one["documents"]) for one in found] == [(0, 1), (1, 1)]
    assert summary(found)["folds"] == [0, 1]
    made = (out / "0/ner/model.pt").stat().st_mtime_ns
    again = list(run_folds(plan(encoder_folder), [0, 1], out))
    assert again == found
    assert (out / "0/ner/model.pt").stat().st_mtime_ns == made
    with pytest.raises(TrainingError, match="other settings"):
        list(run_folds(plan(encoder_folder, epochs=2), [0], out))


def test_every_variant_is_trained_and_measured(encoder_folder: Path, tmp_path: Path) -> None:
    parts = {"ade": Parts(ABSTRACTS[:2], ABSTRACTS[3:], ABSTRACTS[2:3])}
    settings = RelationSettings(encoder=str(encoder_folder), seed=SEED, epochs=1, joined=2)
    names = [name for name in VARIANTS if name != REWRITTEN]
    done = list(run_variants(names, parts, tmp_path, settings, tmp_path / "ablation"))
    assert [variant.name for variant in done] == names
    assert all(variant.test.keys() == {"ade"} for variant in done)
    assert len(table(done, seed=SEED).splitlines()) == 2 + len(names)
    learned = known_to(str(tmp_path / "ablation" / names[0]))
    assert learned.to_learn(parts["ade"].train, share=0.0, seed=SEED) == []
    going_on = replace(settings, start=str(tmp_path / "ablation" / names[0]))
    with pytest.raises(TrainingError, match="held out"):
        train_relation({"ade": Parts([], ABSTRACTS[:1], [])}, tmp_path, going_on, tmp_path / "on")


def test_variants_are_compared_on_the_same_documents() -> None:
    right = np.array([[1.0, 1.0, 1.0, 1.0]] * 4)
    half = np.array([[1.0, 2.0, 1.0, 1.0]] * 4)
    whole = Variant("whole", 0.9, {"ade": right}, 10.0)
    worse = Variant("worse", 0.8, {"ade": half}, 5.0)
    assert worse.difference(whole, "ade", seed=SEED) == pytest.approx((-1 / 3, -1 / 3))
    assert table([whole, worse], seed=SEED).splitlines()[2:] == [
        "| whole | 0.900 | 1.000 | 1.00 |",
        "| worse | 0.800 | 0.667 [-0.333, -0.333] | 0.50 |",
    ]


def test_paragraphs_of_single_sentences_are_measured_too() -> None:
    sentences = [
        document("[Zocor] gave {rash}.", (("T1", "T2"),), doc_id="1", group="g"),
        document("[Advil] gave {hives}.", (("T1", "T2"),), doc_id="2", group="g"),
    ]
    parts = {name: Parts([], [], sentences) for name in ("ade", "clinical")}
    asked = texts(parts, seed=SEED)
    assert asked.keys() == {"ade", "ade, paragraphs", "clinical"}
    assert all(len(one.sentences) == 2 for one in asked["ade, paragraphs"])


def test_only_the_training_that_is_asked_for_counts_as_done(
    encoder_folder: Path, tmp_path: Path
) -> None:
    settings = NerSettings(encoder=str(encoder_folder), seed=SEED, epochs=1)
    parts = {"ade": Parts(ABSTRACTS[:2], ABSTRACTS[3:], [])}
    run = tmp_path / "run"
    assert not is_trained(run, asdict(settings), parts)
    train_ner(parts, settings, run)
    assert is_trained(run, asdict(settings), parts)
    known = known_to(str(run))
    assert known.to_learn(ABSTRACTS, share=0.0, seed=SEED) == ABSTRACTS[2:]
    with pytest.raises(TrainingError, match="held out"):
        train_ner({"ade": Parts([], ABSTRACTS[:2], [])}, replace(settings, start=str(run)), run)
    fewer = {"ade": Parts(ABSTRACTS[:1], ABSTRACTS[3:], [])}
    for other, documents in ((replace(settings, crf=True), parts), (settings, fewer)):
        with pytest.raises(TrainingError, match="name another folder"):
            is_trained(run, asdict(other), documents)


def test_a_training_with_hardly_any_time_takes_few_steps(
    encoder_folder: Path, tmp_path: Path
) -> None:
    settings = NerSettings(
        encoder=str(encoder_folder), seed=SEED, epochs=5000, max_rows=1, within=1e-9
    )
    train_ner({"ade": Parts(ABSTRACTS, ABSTRACTS, [])}, settings, tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["settings"]["within"] == 1e-9
    assert sum(epoch["seconds"] for epoch in run["history"]) < 30
    assert sum(epoch["steps"] for epoch in run["history"]) < 4 * 5000


def test_no_epoch_is_chosen_on_what_is_not_annotated(encoder_folder: Path, tmp_path: Path) -> None:
    settings = NerSettings(encoder=str(encoder_folder), seed=SEED, epochs=1)
    partly = [replace(one, complete=frozenset()) for one in ABSTRACTS]
    with pytest.raises(TrainingError, match="no dev document"):
        train_ner({"phee": Parts(partly, partly, [])}, settings, tmp_path / "none")


def test_an_encoder_that_is_not_there_is_said(tmp_path: Path) -> None:
    settings = NerSettings(encoder=str(tmp_path / "absent"), seed=SEED)
    with pytest.raises(TrainingError, match="cannot read the encoder"):
        train_ner({"ade": Parts(ABSTRACTS, ABSTRACTS, [])}, settings, tmp_path / "run")


def serving_pair(folder: Path, ner: dict[str, Any], relation: dict[str, Any]) -> dict[str, Path]:
    versions = {"ner": folder / "ner" / "3", "relation": folder / "relation" / "2"}
    for task, card in (("ner", ner), ("relation", relation)):
        versions[task].mkdir(parents=True)
        (versions[task] / "card.json").write_text(json.dumps(card))
    return versions


def test_a_training_from_what_serves_is_of_its_kind(tmp_path: Path) -> None:
    unsaid = {"ner": None, "relation": None}
    chains: dict[str, Any] = {"DRUG": {}, "ADE": {}}
    less = dict.fromkeys(("pair_attention", "context_attention", "markers"), False)
    serving = serving_pair(
        tmp_path, {"chains": chains}, {"form": "levitated", "hyper_parameters": less}
    )
    ner, relation = recipes("tiny", seed=1, bfloat16=False, start=serving, epochs=unsaid)
    assert ner.crf
    assert relation.form is Form.LEVITATED
    assert not any(getattr(relation, part) for part in PARTS)
    (serving["relation"] / "card.json").write_text("{}")
    _, relation = recipes("tiny", seed=1, bfloat16=False, start=serving, epochs=unsaid)
    assert relation.form is Form.MARKED
    assert all(getattr(relation, part) for part in PARTS)
    (serving["ner"] / "card.json").write_text('{"chains": null}')
    assert not recipes("tiny", seed=1, bfloat16=False, start=serving, epochs=unsaid)[0].crf
    (serving["ner"] / "card.json").unlink()
    with pytest.raises(DataMissing, match="cannot read"):
        recipes("tiny", seed=1, bfloat16=False, start=serving, epochs=unsaid)


def test_a_training_from_what_serves_is_short_and_rehearses(tmp_path: Path) -> None:
    serving = serving_pair(tmp_path, {}, {})
    unsaid = {"ner": None, "relation": None}
    ner, relation = recipes("tiny", seed=1, bfloat16=False, start=serving, epochs=unsaid)
    assert (ner.start, relation.start) == (str(serving["ner"]), str(serving["relation"]))
    afresh = recipes("tiny", seed=1, bfloat16=False, start={}, epochs=unsaid)
    assert [one.start for one in afresh] == ["", ""]
    assert afresh[0].crf
    assert ner.epochs < afresh[0].epochs
    assert ner.learning_rate < afresh[0].learning_rate
    assert relation.epochs < afresh[1].epochs
    assert relation.learning_rate < afresh[1].learning_rate
    assert ner.rehearsed < afresh[0].rehearsed == 1
    assert relation.rehearsed < afresh[1].rehearsed == 1
    said = recipes(
        "tiny", seed=1, bfloat16=False, start=serving, epochs={"ner": 4, "relation": None}
    )
    assert (said[0].epochs, said[1].epochs) == (4, relation.epochs)
    hour = recipes("tiny", seed=1, bfloat16=False, start=serving, epochs=unsaid, within=55)
    # A fifth of the relation model's time is for what proposes its false events.
    assert [one.within for one in (*hour, *afresh)] == [55, 44, 0, 0]
