"""`python -m training export`, `cards` and `calibrate`: what makes versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from training.corpora import catalogue
from training.errors import TrainingError
from training.settings import REPOSITORY, RUNS, SEED, TRAINED_ON, data_dir

SeedOption = Annotated[int, typer.Option(help="of the split, the samples and the weights")]
RunOption = Annotated[Path | None, typer.Option(help="folder of the training run")]
RepositoryOption = Annotated[Path, typer.Option(help="the model repository")]


def export(
    task: Annotated[str, typer.Argument(help="ner or relation")],
    run: RunOption = None,
    repository: RepositoryOption = REPOSITORY,
    version: Annotated[int | None, typer.Option(help="default: one above the newest")] = None,
    proposer: Path = RUNS / "ner-literature",
    seed: SeedOption = SEED,
) -> None:
    """Write graph and tokenizer of a run as a version, in int8 if that keeps F1 on dev."""
    from training.evaluate.versions import newest
    from training.publish.serving_code import with_code
    from training.publish.versions import export_version, ner_dev_f1, relation_dev_f1

    source = run or RUNS / task
    parts = catalogue.load(TRAINED_ON["relation"].split(","), data_dir(), seed=seed)
    dev_f1 = (
        ner_dev_f1(parts, source) if task == "ner" else relation_dev_f1(parts, source, proposer)
    )
    folder = repository / task / str(version or newest(repository / task) + 1)
    export_version(task, source, folder, dev_f1)
    with_code(folder)
    typer.echo((source / "export.json").read_text())


def cards(
    repository: RepositoryOption = REPOSITORY,
    version: Annotated[int | None, typer.Option(help="default: the newest of each model")] = None,
    only: Annotated[
        str, typer.Option(help="ner or relation: of this model; the other keeps its card")
    ] = "",
    ner_run: RunOption = None,
    relation_run: RunOption = None,
    seed: SeedOption = SEED,
) -> None:
    """Fit weights and threshold on dev, measure both models on test, and write their cards.

    With `--only ner` they stay those of the published relation model; `calibrate` fits them to it.
    """
    from training.evaluate.kinds import CALIBRATED_ON
    from training.evaluate.versions import newest, read_json
    from training.publish.made_with import commands
    from training.publish.versions import describe_versions

    runs = {"ner": ner_run or RUNS / "ner", "relation": relation_run or RUNS / "relation"}
    if only not in ("", *runs):
        raise TrainingError(f"no model {only!r}; models are {', '.join(runs)}")
    made = {task: run for task, run in runs.items() if only in ("", task)}
    folders = {
        task: repository / task / str((task in made and version) or newest(repository / task))
        for task in runs
    }
    figures = describe_versions(
        catalogue.load(CALIBRATED_ON, data_dir(), seed=seed),
        folders,
        made,
        commands({task: read_json(run / "run.json") for task, run in made.items()}),
    )
    typer.echo(json.dumps(figures, indent=2))


def calibrate(
    repository: RepositoryOption = REPOSITORY,
    ner: Annotated[int | None, typer.Option(help="version to read with; default: newest")] = None,
    relation: Annotated[
        int | None, typer.Option(help="version whose graph is kept; default: newest")
    ] = None,
    version: Annotated[int | None, typer.Option(help="to write; default: the next")] = None,
    seed: SeedOption = SEED,
) -> None:
    """Write a relation version with the graph of another, weights and threshold fitted anew on dev.

    For another NER version than the one the weights were fitted with, and when rules of assertion
    or the annotation of development documents have changed.
    """
    from training.evaluate.kinds import CALIBRATED_ON
    from training.evaluate.versions import newest
    from training.publish import recalibration

    relations = repository / "relation"
    figures = recalibration.calibrate(
        catalogue.load(CALIBRATED_ON, data_dir(), seed=seed),
        repository / "ner" / str(ner or newest(repository / "ner")),
        relations / str(relation or newest(relations)),
        relations / str(version or newest(relations) + 1),
    )
    typer.echo(json.dumps(figures, indent=2))
