"""`python -m training publish` and `retrain`: what publishes versions."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import torch
import typer

from services.core.model_versions import Publication
from training.publish.runs import KEPT_RUNS
from training.settings import RUNS, SEED, TRAINED_ON, default_encoder

Corpora = Annotated[str, typer.Option(help="names, separated by commas")]
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
    from training.evaluate.measuring import versions_in
    from training.publish.real_release import released

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
    verdicts_from_store: Annotated[
        bool,
        typer.Option(
            "--verdicts-from-store",
            help="labelled data of the record of the settings, exported here",
        ),
    ] = False,
    publishes: Annotated[
        bool, typer.Option("--publish/--keep", help="publish what passes, or keep it only")
    ] = False,
    shadow: Shadow = False,
    reason: Reason = "scheduled retraining",
    runs: Annotated[Path, typer.Option(help="folder of the runs")] = RUNS / "retrain",
    keep_runs: Annotated[
        int,
        typer.Option(
            min=1, help="runs that stay in it, this one among them; older ones are removed"
        ),
    ] = KEPT_RUNS,
    ner_corpora: Corpora = TRAINED_ON["ner"],
    relation_corpora: Corpora = TRAINED_ON["relation"],
    from_serving: Annotated[
        bool,
        typer.Option(
            "--from-serving/--afresh",
            help="go on from what serves, in a small part of the time, or begin anew",
        ),
    ] = False,
    ner_epochs: Annotated[int | None, typer.Option(help="default: 8, from what serves 1")] = None,
    relation_epochs: Annotated[
        int | None, typer.Option(help="default: 5, from what serves 1")
    ] = None,
    within: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="as of `ner`, for each of the two models; a fifth of the relation model's is for "
            "the NER model whose false events it learns from",
        ),
    ] = 0.0,
    encoder: Annotated[str, typer.Option(help="as of `ner`")] = "",
    bfloat16: Annotated[bool, typer.Option(help="as of `ner`")] = False,
    threads: int = 2,
    seed: SeedOption = SEED,
) -> None:
    """Train, export and hold a new pair against what serves, in one command for a scheduler.

    Exit status: 0 published, or kept and good; 1 a fault; 2 data are missing or a step failed;
    3 the gate refused; 4 it could not be published (the old pair serves on); 5 another
    retraining is under way. The report lies in the folder of the run, with the candidate; at its
    start a run removes the oldest ones.
    """
    from training.publish.made_with import as_given
    from training.publish.real_release import released, what_serves
    from training.publish.retraining import retrain as run_all
    from training.publish.retraining_steps import ModelSteps, recipes
    from training.publish.verdict_sources import source_of

    said = source_of(verdicts, from_store=verdicts_from_store)
    serving = what_serves()
    torch.set_num_threads(threads)
    name = encoder or default_encoder()

    def let_go(candidate: Mapping[str, Path], report: Path) -> Publication | None:
        return released(
            candidate, report, publishes=publishes, as_shadow=shadow, reason=reason, seed=seed
        )

    ner, relation = recipes(
        name,
        seed=seed,
        bfloat16=bfloat16,
        start=serving if from_serving else {},
        epochs={"ner": ner_epochs, "relation": relation_epochs},
        within=within,
    )
    steps = ModelSteps(
        ner=ner,
        relation=relation,
        ner_corpora=tuple(ner_corpora.split(",")),
        relation_corpora=tuple(relation_corpora.split(",")),
        verdicts=said,
        publish=let_go,
        command=as_given(sys.argv[1:]),
    )
    published = run_all(
        steps,
        runs,
        at=datetime.now(UTC),
        settings={
            "ner": {**asdict(steps.ner), "corpora": ner_corpora},
            "relation": {**asdict(steps.relation), "corpora": relation_corpora},
            "verdicts": said is not None,
        },
        keep_runs=keep_runs,
        say=typer.echo,
    )
    if published is None:
        typer.echo("the candidate is good and kept; `python -m training publish` publishes it")
    else:
        _say(published)


def _say(published: Publication) -> None:
    typer.echo(f"{published.action.value}: {published.pair} (before: {published.replaced})")
