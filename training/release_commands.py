"""`python -m training publish` and `retrain`: a candidate through the gate to what serves."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import torch
import typer

from services.adapters import model_files
from services.adapters.model_publisher import Smoke
from services.bootstrap.publishing import publisher_of
from services.config import Settings, load_settings
from services.core.model_versions import MODELS, Publication
from training import release
from training.corpora import adewatch, catalogue
from training.corpora.documents import Document
from training.errors import CardError, DataMissing, TrainingError
from training.pair_metrics import SpanPair, chosen
from training.settings import RUNS, SEED, data_dir, default_encoder

Reason = Annotated[str, typer.Option(help="why; kept in the history")]
Shadow = Annotated[bool, typer.Option("--shadow", help="let it run beside what serves")]
SeedOption = Annotated[int, typer.Option(help="of the split and the resamples")]


def publish(
    candidate: Annotated[
        Path, typer.Argument(help="a folder with exported versions of ner, relation or both")
    ],
    report: Annotated[
        Path | None, typer.Option(help="what the gate saw; default: gate.json in the folder")
    ] = None,
    shadow: Shadow = False,
    reason: Reason = "",
    seed: SeedOption = SEED,
) -> None:
    """Publish an exported candidate if it is not worse than what serves, beyond chance.

    Exit status: 0 published, 2 the candidate or the data are incomplete, 3 the gate refused,
    4 it could not be published (the old pair serves on).
    """
    from training.evaluation import versions_in

    published = released(
        versions_in(candidate),
        report or candidate / "gate.json",
        publishes=True,
        as_shadow=shadow,
        reason=reason,
        seed=seed,
    )
    if published is not None:
        _say(published)


def retrain(
    verdicts: Annotated[
        Path | None, typer.Option(help="labelled data of `adewatch verdicts export`")
    ] = None,
    publishes: Annotated[
        bool, typer.Option("--publish/--keep", help="publish what passes, or keep it only")
    ] = False,
    shadow: Shadow = False,
    reason: Reason = "scheduled retraining",
    runs: Annotated[Path, typer.Option(help="folder of the runs")] = RUNS / "retrain",
    ner_corpora: Annotated[str, typer.Option(help="names, separated by commas")] = (
        "ade,clinical,adewatch,ade-neg"
    ),
    relation_corpora: Annotated[str, typer.Option(help="names, separated by commas")] = (
        "ade,clinical,adewatch,phee,twimed"
    ),
    ner_epochs: int = 8,
    relation_epochs: int = 4,
    encoder: Annotated[str, typer.Option(help="as of `ner`")] = "",
    bfloat16: Annotated[bool, typer.Option(help="as of `ner`")] = False,
    threads: int = 2,
    seed: SeedOption = SEED,
) -> None:
    """Train, export and hold a new pair against what serves, in one command for a scheduler.

    Exit status: 0 published, or kept and good; 1 a fault; 2 data are missing or a step failed;
    3 the gate refused; 4 it could not be published (the old pair serves on); 5 another
    retraining is under way. The report lies in the folder of the run.
    """
    from training.retraining import retrain as run_all
    from training.retraining_steps import ModelSteps
    from training.train_ner import NerSettings
    from training.train_relation import RelationSettings

    # What publishing will need is said before hours of training.
    model_files.serving_pair(load_settings().model_repository)
    torch.set_num_threads(threads)
    name = encoder or default_encoder()

    def let_go(candidate: Mapping[str, Path], report: Path) -> Publication | None:
        return released(
            candidate, report, publishes=publishes, as_shadow=shadow, reason=reason, seed=seed
        )

    steps = ModelSteps(
        ner=NerSettings(encoder=name, seed=seed, epochs=ner_epochs, bfloat16=bfloat16),
        relation=RelationSettings(
            encoder=name, seed=seed, epochs=relation_epochs, bfloat16=bfloat16
        ),
        ner_corpora=tuple(ner_corpora.split(",")),
        relation_corpora=tuple(relation_corpora.split(",")),
        verdicts=verdicts,
        publish=let_go,
        command=f"python -m training {' '.join(sys.argv[1:])}",
    )
    published = run_all(
        steps,
        runs,
        at=datetime.now(UTC),
        settings={
            "ner": {**asdict(steps.ner), "corpora": ner_corpora},
            "relation": {**asdict(steps.relation), "corpora": relation_corpora},
            "verdicts": verdicts is not None,
        },
        say=typer.echo,
    )
    if published is None:
        typer.echo("the candidate is good and kept; `python -m training publish` publishes it")
    else:
        _say(published)


def released(
    candidate: Mapping[str, Path],
    report: Path,
    *,
    publishes: bool,
    as_shadow: bool,
    reason: str,
    seed: int,
) -> Publication | None:
    """A candidate through the gate and, if asked for, to the server of the settings."""
    settings = load_settings()
    documents = fixed_set(seed)
    smoke = _agreement(settings, documents[adewatch.CORPUS])
    return release.release(
        candidate,
        gate=_gate(settings, candidate, documents, seed=seed),
        report=report,
        publisher=publisher_of(settings, smoke) if publishes else None,
        reason=reason,
        as_shadow=as_shadow,
    )


def fixed_set(seed: int) -> dict[str, list[Document]]:
    """The dev part of the measured corpora. Without a folder of data it is that of our own notes,
    which is always there."""
    from training.publishing import MEASURED

    if os.environ.get("ADEWATCH_DATA_DIR"):
        parts = catalogue.load(MEASURED, data_dir(), seed=seed)
    else:
        typer.echo("ADEWATCH_DATA_DIR is not set: the gate looks at our own notes only", err=True)
        parts = catalogue.load([adewatch.CORPUS], Path(), seed=seed)
    return {name: part.dev for name, part in parts.items()}


def _gate(
    settings: Settings,
    candidate: Mapping[str, Path],
    documents: release.FixedSet,
    *,
    seed: int,
) -> Callable[[Mapping[str, str]], release.GateReport]:
    def gate(hashes: Mapping[str, str]) -> release.GateReport:
        repository = settings.model_repository
        serving = model_files.serving_pair(repository)
        serves = {model: repository / model / serving.of(model) for model in MODELS}
        return release.GateReport(
            at=datetime.now(UTC),
            serving=serving,
            candidate=hashes,
            fixed_set=release.digest_of(documents),
            comparisons=release.through_the_gate(
                # A model that the candidate does not bring keeps its version.
                _claims(serves),
                _claims({**serves, **candidate}),
                documents,
                seed=seed,
            ),
        )

    return gate


def _claims(folders: Mapping[str, Path]) -> release.Claims:
    from training.evaluation import open_models, read

    try:
        models = open_models(list(folders.values()))
    except TrainingError:
        raise
    except Exception as error:  # ONNX Runtime's and the tokenizer's errors share no root
        named = ", ".join(str(folder) for folder in folders.values())
        raise CardError(f"a graph of {named} cannot be opened: {type(error).__name__}") from error

    def claims(documents: Sequence[Document]) -> list[set[SpanPair]]:
        return [chosen(one.end_to_end, models.threshold) for one in read(models, documents)]

    return claims


def _agreement(settings: Settings, documents: Sequence[Document]) -> Smoke:
    from training.served_parity import agrees_with_offline

    if not documents:
        raise DataMissing("there are no notes of our own to test the server with")
    return agrees_with_offline(settings, documents)


def _say(published: Publication) -> None:
    typer.echo(f"{published.action.value}: {published.pair} (before: {published.replaced})")
