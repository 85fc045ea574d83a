"""`python -m training pretrain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from training.settings import PRETRAINED_ENCODER, SEED, SHIPPED_ENCODER, data_dir


def pretrain(
    out: Annotated[
        Path, typer.Option(help="the folder to write; name it as `--encoder` afterwards")
    ] = PRETRAINED_ENCODER,
    encoder_name: Annotated[
        str, typer.Option("--encoder", help="of type BERT: a name on the hub or a folder")
    ] = str(SHIPPED_ENCODER),
    articles: Annotated[int, typer.Option(help="full texts to read beside notes")] = 500,
    unseen: Annotated[
        str,
        typer.Option(help="corpora to hold out wholly (for `folds`: ade), separated by commas"),
    ] = "",
    absent: Annotated[
        str, typer.Option(help="corpora that the data folder lacks, separated by commas")
    ] = "",
    steps: Annotated[int, typer.Option(help="updates from beginning to end")] = 4_000,
    rows: Annotated[int, typer.Option(help="rows of 128 tokens per batch")] = 32,
    accumulate: Annotated[int, typer.Option(help="batches per step")] = 1,
    learning_rate: float = 1e-4,
    minutes: Annotated[
        float | None, typer.Option(help="stop after that; the same command goes on later")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda; default: cuda where there is one")] = "",
    bfloat16: Annotated[bool, typer.Option(help="multiply in 16 bits")] = False,
    threads: Annotated[int, typer.Option(help="threads of torch")] = 2,
    seed: Annotated[int, typer.Option(help="of split, orders, masks; that of `ner`")] = SEED,
) -> None:
    """Pretrain an encoder further on text that no part of a corpus tests on; resumable."""
    from training.corpora.catalogue import lacking
    from training.pretraining.settings import PretrainSettings
    from training.pretraining.texts import read_texts
    from training.pretraining.trainer import Limits
    from training.pretraining.trainer import pretrain as run

    torch.set_num_threads(threads)
    data, without = data_dir(), _names(absent)
    for name, line in lacking(data).items():
        if name not in without:
            typer.echo(line)
    text = read_texts(data, seed=seed, articles=articles, unseen=_names(unseen), absent=without)
    typer.echo(
        f"{len(text.train)} sentences of {text.texts} texts; {text.texts_left_out} texts and "
        f"{text.sentences_left_out} sentences are left out, for corpora choose or test on them"
    )
    done = run(
        text.train,
        text.held_out,
        PretrainSettings(
            encoder=encoder_name,
            seed=seed,
            steps=steps,
            rows=rows,
            accumulate=accumulate,
            learning_rate=learning_rate,
            bfloat16=bfloat16,
        ),
        out,
        limits=Limits(seconds=None if minutes is None else 60 * minutes, say=typer.echo),
        device=torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu")),
    )
    typer.echo(f"written to {out}" + ("" if done else "; the same command goes on"))


def _names(joined: str) -> list[str]:
    return [name for name in joined.split(",") if name]
