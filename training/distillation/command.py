"""`python -m training distil`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import torch
import typer

from training.corpora import catalogue
from training.errors import TrainingError
from training.settings import RUNS, SEED, TRAINED_ON, data_dir, default_encoder

EPOCHS = {"ner": 8, "relation": 5}


def distil(
    task: Annotated[str, typer.Argument(help="ner or relation")],
    teacher: Annotated[list[Path], typer.Option(help="run of a teacher; give several")],
    out: Annotated[Path | None, typer.Option(help="folder of the student's run")] = None,
    encoder_name: Annotated[
        str, typer.Option("--encoder", help="the student's: a name on the hub or a folder")
    ] = "",
    corpora: Annotated[str, typer.Option(help="names, separated by commas")] = "",
    epochs: int = 0,
    learning_rate: Annotated[float, typer.Option(help="0: that of `ner` or `relation`")] = 0.0,
    temperature: Annotated[float, typer.Option(help="of teachers and student")] = 2.0,
    soft_share: Annotated[float, typer.Option(help="of the loss; the rest is on gold")] = 0.5,
    proposer: Annotated[Path, typer.Option(help="as of `relation`")] = RUNS / "ner-literature",
    bfloat16: Annotated[bool, typer.Option(help="as of `ner`")] = False,
    threads: int = 2,
    seed: Annotated[int, typer.Option(help="of the split, as that of the teachers")] = SEED,
) -> None:
    """Train a student on gold and on what an ensemble of runs says of its training documents."""
    from training.distillation.losses import Distillation
    from training.distillation.teachers import (
        ner_teacher,
        open_pair_models,
        open_taggers,
        pair_teacher,
    )
    from training.train.ner import NerSettings, train_ner
    from training.train.relation import train_relation
    from training.train.relation_settings import RelationSettings

    if task not in TRAINED_ON:
        raise TrainingError(f"no task {task!r}; tasks are ner and relation")
    if temperature <= 0 or not 0 <= soft_share <= 1:
        raise TrainingError("the temperature must be positive and the soft share within 0 and 1")
    torch.set_num_threads(threads)
    how = Distillation(temperature=temperature, soft_share=soft_share)
    run = out or RUNS / f"{task}-distilled"
    parts = catalogue.load((corpora or TRAINED_ON[task]).split(","), data_dir(), seed=seed)
    encoder = encoder_name or default_encoder()
    passes = epochs or EPOCHS[task]
    if task == "ner":
        taught = ner_teacher(open_taggers(teacher, seed=seed), how)
        ner = NerSettings(
            encoder=encoder,
            seed=seed,
            epochs=passes,
            bfloat16=bfloat16,
            learning_rate=learning_rate or 3e-4,
        )
        train_ner(parts, ner, run, teacher=taught)
    else:
        told = pair_teacher(open_pair_models(teacher, seed=seed), how)
        relation = RelationSettings(
            encoder=encoder,
            seed=seed,
            epochs=passes,
            bfloat16=bfloat16,
            learning_rate=learning_rate or 2e-4,
        )
        train_relation(parts, proposer, relation, run, teacher=told)
    _note(run, {**asdict(how), "teachers": [one.name for one in teacher]})
    typer.echo(f"written to {run}")


def _note(run: Path, distillation: Mapping[str, object]) -> None:
    """Say in the run how it was taught."""
    path = run / "run.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**report, "distillation": distillation}, indent=2))
