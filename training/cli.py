"""The commands of training: `python -m training COMMAND`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

from training.corpora import catalogue
from training.corpora.documents import CorpusError
from training.settings import RUNS, SEED, DataMissing, data_dir, default_encoder

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

EncoderOption = Annotated[
    str, typer.Option(help="name on the Hugging Face hub or a folder; default: the small encoder")
]
ThreadsOption = Annotated[int, typer.Option(help="threads of torch")]
SeedOption = Annotated[int, typer.Option(help="of the split, the samples and the weights")]


@app.callback()
def commands() -> None:
    """Train, measure and export the models."""


@app.command()
def ner(
    out: Annotated[Path, typer.Option(help="folder of the run")] = RUNS / "ner",
    corpora: Annotated[str, typer.Option(help="names, separated by commas")] = (
        "ade,clinical,ade-neg"
    ),
    epochs: int = 8,
    learning_rate: float = 3e-4,
    encoder: EncoderOption = "",
    threads: ThreadsOption = 2,
    seed: SeedOption = SEED,
) -> None:
    """Train the NER model."""
    from training.train_ner import NerSettings, train_ner

    torch.set_num_threads(threads)
    settings = NerSettings(
        encoder=encoder or default_encoder(),
        seed=seed,
        epochs=epochs,
        learning_rate=learning_rate,
    )
    train_ner(catalogue.load(corpora.split(","), data_dir(), seed=seed), settings, out)


@app.command()
def relation(
    out: Annotated[Path, typer.Option(help="folder of the run")] = RUNS / "relation",
    proposer: Annotated[
        Path, typer.Option(help="run of a NER model that never saw clinical notes")
    ] = RUNS / "ner-literature",
    corpora: Annotated[str, typer.Option(help="names, separated by commas")] = (
        "ade,clinical,twimed"
    ),
    epochs: int = 4,
    learning_rate: float = 2e-4,
    encoder: EncoderOption = "",
    threads: ThreadsOption = 2,
    seed: SeedOption = SEED,
) -> None:
    """Train the relation model."""
    from training.train_relation import RelationSettings, train_relation

    torch.set_num_threads(threads)
    settings = RelationSettings(
        encoder=encoder or default_encoder(),
        seed=seed,
        epochs=epochs,
        learning_rate=learning_rate,
    )
    parts = catalogue.load(corpora.split(","), data_dir(), seed=seed)
    train_relation(parts, proposer, settings, out)


def main() -> None:
    """Run a command; what the user can mend ends in one line."""
    try:
        app()
    except (DataMissing, CorpusError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
