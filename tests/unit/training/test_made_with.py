"""The commands in a card make the version again."""

from dataclasses import asdict, replace
from typing import Any

import pytest
from typer.testing import CliRunner

from training.cli import app
from training.publish.made_with import commands, training
from training.settings import SEED, TRAINED_ON
from training.train.ner import NerSettings
from training.train.relation_settings import RelationSettings
from training.train.runs import settings_report

pytestmark = pytest.mark.training

NER = NerSettings(encoder="x/encoder", seed=SEED)
RELATION = RelationSettings(encoder="x/encoder", seed=SEED)


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
    generic = replace(NER, encoder="site-packages/minilm/model")
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
        context_attention=False,
        augmentation=replace(RELATION.augmentation, renamed=0.3),
    )
    command = training("relation", run_of("relation", settings))
    assert command == (
        "python -m training relation --encoder .adewatch/training/encoder "
        "--start model_repository/relation/3 --epochs 2 --within 55.0 "
        "--learning-rate 0.0001 --joined 150 --rehearsed 0.4 --negatives 5 --copies 2 "
        "--bfloat16 --no-context-attention --renamed 0.3"
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
