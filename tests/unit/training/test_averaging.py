"""The mean of trainings: its weights, what it has learned, and what has no mean."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from services.core.windows import Form
from tests.fakes.documents import document
from training.cli import app
from training.errors import DataMissing, TrainingError
from training.models.averaging import averaged
from training.models.encoder import write_tokenizer
from training.models.relation import RelationConfig, RelationModel
from training.publish.cards import write_cards
from training.publish.versions import client_settings, export_version
from training.train.averaging import average, open_member
from training.train.ner import NerSettings, train_ner
from training.train.rehearsal import known_to
from training.train.runs import load_ner, load_relation, save_model
from training.train.splits import Parts

pytestmark = pytest.mark.training

NOTE = document("She had {rash} after [aspirin]. No {nausea} with [zocor].", (("T2", "T1"),))
OTHER, THIRD = (replace(NOTE, doc_id=name) for name in ("other", "third"))


def trained(encoder: Path, run: Path, *, member: int = 0, crf: bool = True) -> Path:
    """A run of two notes, or of another one for another member."""
    learned = [THIRD] if member else [NOTE, OTHER]
    parts = {"ade": Parts(learned, [replace(NOTE, doc_id="ade:2")], [])}
    settings = NerSettings(
        encoder=str(encoder), seed=5, member=member, epochs=1, learning_rate=0.01, crf=crf
    )
    train_ner(parts, settings, run)
    return run


def published(run: Path, version: Path) -> Path:
    """The run as a version with a card."""
    export_version("ner", run, version, lambda graph: 1.0)
    report = json.loads((run / "run.json").read_text())
    write_cards(
        version,
        task="ner",
        run=report,
        reading=client_settings(report),
        threshold=0.5,
        metrics={},
        export={"form": "int8"},
        commands=[],
    )
    return version


def test_a_mean_of_tensors_is_taken_one_by_one() -> None:
    one = {"a": torch.tensor([1.0, 2.0]), "places": torch.tensor([7])}
    other = {"a": torch.tensor([3.0, 6.0]), "places": torch.tensor([7])}
    found = averaged([one, other, other])
    assert torch.equal(found["a"], torch.tensor([7 / 3, 14 / 3]))
    assert torch.equal(found["places"], torch.tensor([7]))
    assert found["a"].dtype == torch.float32


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"a": torch.zeros(2), "b": torch.zeros(1)}, "only one of the models has b"),
        ({"a": torch.zeros(3)}, "a is"),
    ],
)
def test_other_architectures_have_no_mean(other: dict[str, torch.Tensor], why: str) -> None:
    with pytest.raises(TrainingError, match=why):
        averaged([{"a": torch.zeros(2)}, other])


def test_one_model_has_no_mean() -> None:
    with pytest.raises(TrainingError, match="two"):
        averaged([{"a": torch.zeros(2)}])


def test_the_mean_of_a_run_and_a_version_is_a_run(encoder_folder: Path, tmp_path: Path) -> None:
    first = trained(encoder_folder, tmp_path / "first")
    version = published(first, tmp_path / "3")
    second = trained(encoder_folder, tmp_path / "second", member=1)
    encoder, run = str(encoder_folder), tmp_path / "mean"
    average([open_member("ner", folder, encoder) for folder in (version, second)], run)
    of_both = [load_ner(folder).state_dict() for folder in (first, second)]
    for name, weights in load_ner(run).state_dict().items():
        expected = (of_both[0][name] + of_both[1][name]) / 2
        # What the version has lost by rounding.
        step = of_both[0][name].abs().max().item() / 127
        assert (weights - expected).abs().max() <= step, name
    assert len(known_to(str(run)).contents) == 3
    report = json.loads((run / "run.json").read_text())
    assert [one["settings"]["member"] for one in report["averaged"]] == [0, 1]
    assert report["documents"]["ade"]["train"] == 2
    assert report["chains"]["ADE"] != json.loads((first / "run.json").read_text())["chains"]["ADE"]


def test_a_card_says_that_its_weights_are_a_mean(encoder_folder: Path, tmp_path: Path) -> None:
    runs = [trained(encoder_folder, tmp_path / str(member), member=member) for member in (0, 1)]
    average([open_member("ner", run, "") for run in runs], tmp_path / "mean")
    version = published(tmp_path / "mean", tmp_path / "4")
    card = json.loads((version / "card.json").read_text())
    assert [len(one["history"]) for one in card["averaged"]] == [1, 1]
    assert "the mean of 2 trainings" in (version / "CARD.md").read_text()


def test_a_mean_of_relation_models_keeps_their_form(encoder_folder: Path, tmp_path: Path) -> None:
    from training.models.encoder import load_encoder

    runs = []
    for number in (1, 2):
        torch.manual_seed(number)
        run = tmp_path / str(number)
        encoder = load_encoder(str(encoder_folder), vocabulary=30)
        config = RelationConfig(marker_ids=(17, 18, 19, 20), form=Form.LEVITATED, heads=2)
        save_model(run, RelationModel(encoder, config))
        write_tokenizer(str(encoder_folder), run / "tokenizer.json")
        (run / "learned.txt").write_text("")
        (run / "run.json").write_text(
            json.dumps(
                {
                    **{"task": "relation", "rows": 1, "documents": {}, "history": []},
                    **{"learned_statuses": True, "settings": {"form": "levitated", "seed": 5}},
                    # The first is as one that was published.
                    **({"proposer": {"documents": {}}} if number == 2 else {}),
                }
            )
        )
        runs.append(run)
    average([open_member("relation", run, "") for run in runs], tmp_path / "mean")
    first, second, mean = (load_relation(run) for run in (*runs, tmp_path / "mean"))
    assert mean.config == first.config
    report = json.loads((tmp_path / "mean" / "run.json").read_text())
    assert report["proposer"] == {"documents": {}}
    weights = [model.state_dict() for model in (first, second, mean)]
    moved = [key for key in weights[0] if not torch.equal(weights[0][key], weights[1][key])]
    assert moved
    for key in moved:
        assert torch.allclose(weights[2][key], (weights[0][key] + weights[1][key]) / 2, atol=1e-7)


def test_runs_of_different_kinds_have_no_mean(encoder_folder: Path, tmp_path: Path) -> None:
    first = open_member("ner", trained(encoder_folder, tmp_path / "1"), "")
    plain = open_member("ner", trained(encoder_folder, tmp_path / "2", crf=False), "")
    with pytest.raises(TrainingError, match="differ in crf"):
        average([first, plain], tmp_path / "mean")
    seeded = replace(first, report={**first.report, "settings": {"seed": 6}})
    with pytest.raises(TrainingError, match="differ in encoder"):
        average([first, seeded], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
    with pytest.raises(TrainingError, match="is of ner, not of relation"):
        open_member("relation", tmp_path / "1", "")
    with pytest.raises(DataMissing, match="neither a run nor"):
        open_member("ner", tmp_path / "nothing", "")


def test_what_learned_nobody_knows_what_is_refused(encoder_folder: Path, tmp_path: Path) -> None:
    runs = [trained(encoder_folder, tmp_path / str(number)) for number in (1, 2)]
    (runs[1] / "learned.txt").unlink()
    with pytest.raises(DataMissing, match="does not say what it learned from"):
        average([open_member("ner", run, "") for run in runs], tmp_path / "mean")


def test_the_command_writes_no_run_over_another(encoder_folder: Path, tmp_path: Path) -> None:
    runs = [str(trained(encoder_folder, tmp_path / str(number))) for number in (1, 2)]
    mean = str(tmp_path / "mean")
    arguments = ["average", "ner", *runs, "--out", mean]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, TrainingError)
    assert "holds a run already" in str(again.exception)
