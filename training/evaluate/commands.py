"""`python -m training evaluate` and `report`: figures of versions on documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from training.evaluate.kinds import REPORTED
from training.settings import REPOSITORY, RUNS, SEED

SeedOption = Annotated[int, typer.Option(help="of the split and the bootstrap")]


def evaluate(
    model: Annotated[
        list[Path] | None,
        typer.Option(help="a version of ner or relation, a model with versions, or a repository"),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(help="a file or folder of annotated documents, or the name of a corpus"),
    ] = None,
    part: Annotated[str, typer.Option(help="of a named corpus: train, dev, test or all")] = "test",
    threshold: Annotated[
        float | None, typer.Option(help="of the relation model; default: that of its card")
    ] = None,
    windows: Annotated[
        int, typer.Option(help="paragraphs of 2 to 4 joined sentences to measure as well")
    ] = 0,
    errors: Annotated[bool, typer.Option(help="count the kinds of errors as well")] = False,
    seed: SeedOption = SEED,
) -> None:
    """Measure versions of the models on documents and print JSON."""
    from training.evaluate.measuring import measure, open_models, read_corpus

    models = open_models(model or [REPOSITORY])
    figures = {
        name: measure(
            models,
            read_corpus(name, part, seed=seed),
            threshold=threshold,
            windows=windows,
            errors=errors,
            seed=seed,
        )
        for name in corpus or ["ade", "clinical"]
    }
    typer.echo(json.dumps(figures, indent=2))


def report(
    model: Annotated[
        list[Path] | None, typer.Option(help="as for evaluate; default: the repository")
    ] = None,
    corpora: Annotated[
        str | None,
        typer.Option(
            help="names, separated by commas; default: of "
            f"{','.join(REPORTED)} those that are in the data folder"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="the page to write")] = RUNS / "report.html",
    seed: SeedOption = SEED,
) -> None:
    """Measure the served versions on the test parts and write a page with plots."""
    from training.evaluate.measuring import open_models
    from training.evaluate.report import write_report

    names = None if corpora is None else corpora.split(",")
    write_report(open_models(model or [REPOSITORY]), names, out, seed)
    typer.echo(f"wrote {out}")
