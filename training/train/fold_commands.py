"""`python -m training folds`: both models trained and measured on published folds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import torch
import typer

from training.corpora import catalogue
from training.settings import RUNS, SEED, data_dir, default_encoder


def folds(
    which: Annotated[str, typer.Option(help="folds, 0 to 9, separated by commas")] = (
        "0,1,2,3,4,5,6,7,8,9"
    ),
    strict: Annotated[
        bool, typer.Option(help="leave abstracts of the test sentences out of training")
    ] = False,
    beside: Annotated[
        str, typer.Option(help="other corpora to train on too, separated by commas")
    ] = "",
    out: Annotated[Path, typer.Option(help="folder of the runs")] = RUNS / "folds",
    ner_epochs: int = 8,
    relation_epochs: int = 4,
    encoder_name: Annotated[str, typer.Option("--encoder", help="as of `ner`")] = "",
    bfloat16: Annotated[bool, typer.Option(help="as of `ner`")] = False,
    threads: int = 2,
    seed: int = SEED,
) -> None:
    """Train and measure on published folds of the ADE corpus and print JSON; resumable."""
    from training.train.cross_validation import FoldPlan, run_folds, summary
    from training.train.folds import read_folds
    from training.train.ner import NerSettings
    from training.train.relation_settings import RelationSettings

    torch.set_num_threads(threads)
    data, name = data_dir(), encoder_name or default_encoder()
    plan = FoldPlan(
        documents=catalogue.read("ade", data),
        beside={one: catalogue.read(one, data) for one in beside.split(",") if one},
        folds=read_folds(data / "ade_tokens/folds.json"),
        strict=strict,
        ner=NerSettings(encoder=name, seed=seed, epochs=ner_epochs, bfloat16=bfloat16),
        relation=RelationSettings(
            encoder=name, seed=seed, epochs=relation_epochs, bfloat16=bfloat16
        ),
    )
    done = []
    for figures in run_folds(plan, [int(one) for one in which.split(",")], out):
        done.append(figures)
        typer.echo(json.dumps(summary(done), indent=2))
