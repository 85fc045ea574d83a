"""The commands in a card make the version again."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.core.windows import Form
from training.cli import app
from training.publish.made_with import as_given, commands, training
from training.settings import (
    RUNS,
    SEED,
    SHIPPED_ENCODER,
    TRAINED_ON,
    default_encoder,
    reported_model,
)
from training.train.ner import NerSettings
from training.train.relation_settings import RelationSettings
from training.train.runs import settings_report

pytestmark = pytest.mark.training

NER = NerSettings(encoder=str(SHIPPED_ENCODER), seed=SEED)
RELATION = RelationSettings(encoder=str(SHIPPED_ENCODER), seed=SEED)


def run_of(
    task: str, settings: NerSettings | RelationSettings, corpora: str = ""
) -> dict[str, Any]:
    names = (corpora or TRAINED_ON[task]).split(",")
    return {
        "settings": settings_report(asdict(settings)),
        "documents": {name: {"train": 1} for name in names},
    }


def test_what_is_usual_is_not_said() -> None:
    assert training("ner", run_of("ner", NER)) == (
        "python -m training ner --encoder .adewatch/training/encoder"
    )
    generic = replace(NER, encoder=default_encoder())
    assert training("ner", run_of("ner", generic, "ade")) == "python -m training ner --corpora ade"


def test_every_option_that_differs_is_said_as_the_command_takes_it() -> None:
    settings = replace(
        RELATION,
        start="repository/relation/3",
        epochs=2,
        within=55.0,
        learning_rate=1e-4,
        rehearsed=0.4,
        bfloat16=True,
        joined=150,
        negatives_per_note=5,
        dictated_copies=2,
        form=Form.MARKED,
        context_attention=False,
        augmentation=replace(RELATION.augmentation, renamed=0.3),
    )
    command = training("relation", run_of("relation", settings))
    assert command == (
        "python -m training relation --encoder .adewatch/training/encoder "
        "--start model_repository/relation/3 --epochs 2 --within 55.0 "
        "--learning-rate 0.0001 --joined 150 --rehearsed 0.4 --negatives 5 --copies 2 "
        "--form marked --bfloat16 --no-context-attention --renamed 0.3"
    )
    options = CliRunner().invoke(app, ["relation", "--help"], env={"COLUMNS": "200"}).output
    for option in (word for word in command.split() if word.startswith("--")):
        assert option in options


def test_the_proposer_is_trained_before_the_model_that_needs_it() -> None:
    relation = {**run_of("relation", RELATION), "proposer": run_of("ner", NER, "ade")}
    both = commands({"ner": run_of("ner", NER), "relation": relation})
    assert [line.removeprefix("python -m training ").split()[0] for line in both] == [
        *("encoder", "ner", "ner", "relation", "export", "export", "cards")
    ]
    assert both[1].endswith(
        "--corpora ade --encoder .adewatch/training/encoder --out .adewatch/training/ner-literature"
    )
    alone = commands({"ner": run_of("ner", NER)})
    assert alone[-1] == "python -m training cards --only ner"
    assert not any("ner-literature" in line for line in alone)


@pytest.mark.parametrize("name", ["dmis-lab/biobert-base-cased-v1.2", "bert-large-cased"])
def test_an_encoder_of_the_hub_is_named_whole(name: str) -> None:
    settings = replace(NER, encoder=name)
    made = commands({"ner": run_of("ner", settings)})
    assert made[0] == f"python -m training ner --encoder {name}"


def test_a_folder_is_named_without_the_path_of_a_machine(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    settings = replace(
        NER,
        encoder=str(tmp_path / "model"),
        augmentation=replace(NER.augmentation, rewritten=0.3, generator=str(tmp_path / "causal")),
    )
    relation = {**run_of("relation", RELATION), "proposer": run_of("ner", settings, "ade")}
    made = commands({"relation": relation})
    assert str(tmp_path) not in str(made)
    assert [line.split(":")[0] for line in made[:2]] == ["# FOLDER/causal", "# FOLDER/model"]
    assert made[2:4] == [
        "python -m training encoder",
        "python -m training ner --corpora ade --encoder FOLDER/model --rewritten 0.3 "
        "--generator FOLDER/causal --out .adewatch/training/ner-literature",
    ]


def test_folders_of_runs_are_named_by_their_place_in_the_repository(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert reported_model(str(SHIPPED_ENCODER.absolute())) == "encoder"
    assert reported_model(str((RUNS / "other").absolute())) == str(RUNS / "other")
    assert reported_model("owner/encoder") == "owner/encoder"
    (tmp_path / "owner" / "encoder").mkdir(parents=True)
    assert reported_model("owner/encoder") == "FOLDER/encoder"
    assert reported_model("") == ""


def test_a_command_is_repeated_without_the_paths_of_a_machine() -> None:
    given = [
        "retrain",
        "--encoder",
        "/srv/models/bert",
        "--runs=/srv/runs",
        "--reason",
        "more notes",
    ]
    assert as_given(given) == (
        "python -m training retrain --encoder FOLDER/bert --runs=FOLDER/runs --reason 'more notes'"
    )
    assert as_given(["ner", "--encoder", "owner/bert"]).endswith("--encoder owner/bert")


def test_a_mean_is_made_of_its_members() -> None:
    members = [run_of("ner", replace(NER, member=number)) for number in (0, 1)]
    made = commands({"ner": {**members[0], "averaged": members}})
    train = "python -m training ner --encoder .adewatch/training/encoder"
    assert made == [
        "python -m training encoder",
        f"{train} --out .adewatch/training/ner-1",
        f"{train} --member 1 --out .adewatch/training/ner-2",
        "python -m training average ner .adewatch/training/ner-1 .adewatch/training/ner-2",
        "python -m training export ner",
        "python -m training cards --only ner",
    ]
