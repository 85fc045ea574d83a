"""The commands of training: `python -m training COMMAND`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

from services.core.errors import AdewatchError
from training.augmentation.plan import Augmentation
from training.corpora import catalogue
from training.corpora import commands as corpus_commands
from training.distillation import command as distillation_command
from training.errors import TrainingError
from training.evaluate import choice_command, status_command
from training.pretraining import command as pretraining_command
from training.publish import commands as release_commands
from training.publish.retraining import PUBLICATION_FAILED
from training.settings import RUNS, SEED, TRAINED_ON, data_dir, default_encoder
from training.train import fold_commands, run_commands

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

app.add_typer(corpus_commands.app, name="corpus")
app.command("encoder")(run_commands.encoder)
app.command("ablate")(run_commands.ablate)
app.command("folds")(fold_commands.folds)
app.command("publish")(release_commands.publish)
app.command("retrain")(release_commands.retrain)
app.command("calibrate")(release_commands.calibrate)
app.command("pretrain")(pretraining_command.pretrain)
app.command("compare")(choice_command.compare)
app.command("statuses")(status_command.statuses)
app.command("distil")(distillation_command.distil)

EncoderOption = Annotated[
    str, typer.Option(help="name on the Hugging Face hub or a folder; default: the small encoder")
]
CorporaOption = Annotated[str, typer.Option(help="names, separated by commas")]
Bfloat16Option = Annotated[bool, typer.Option(help="multiply in 16 bits (quick with AMX)")]
ThreadsOption = Annotated[int, typer.Option(help="threads of torch")]
SeedOption = Annotated[int, typer.Option(help="of the split, the samples and the weights")]
MemberOption = Annotated[
    int, typer.Option(help="number in an ensemble: other samples and weights on the same split")
]

RenamedOption = Annotated[
    float, typer.Option(help="share of documents that come again with other drugs")
]
RewrittenOption = Annotated[
    float, typer.Option(help="share of documents that come again in other words")
]
GeneratorOption = Annotated[
    str, typer.Option(help="causal language model that proposes other words: a name or a folder")
]
StartOption = Annotated[
    str, typer.Option(help="published version to go on from (encoder: that of its card)")
]
RehearsedOption = Annotated[
    float,
    typer.Option(min=0.0, max=1.0, help="share to learn from of the documents that --start knows"),
]
WithinOption = Annotated[
    float,
    typer.Option(
        min=0.0, help="minutes until the last step, if need be of fewer epochs; 0: no end"
    ),
]
JoinedOption = Annotated[int, typer.Option(help="paragraphs of 2 to 4 joined sentences to add")]


@app.callback()
def commands() -> None:
    """Train, measure and export the models."""


@app.command()
def ner(
    out: Annotated[Path, typer.Option(help="folder of the run")] = RUNS / "ner",
    corpora: CorporaOption = TRAINED_ON["ner"],
    epochs: int = 8,
    within: WithinOption = 0.0,
    learning_rate: float = 3e-4,
    bfloat16: Bfloat16Option = False,
    encoder: EncoderOption = "",
    start: StartOption = "",
    threads: ThreadsOption = 2,
    seed: SeedOption = SEED,
    member: MemberOption = 0,
    crf: Annotated[
        bool, typer.Option(help="learn how tags of neighbouring words depend on each other")
    ] = False,
    joined: JoinedOption = 0,
    rehearsed: RehearsedOption = 1.0,
    renamed: RenamedOption = 0.0,
    rewritten: RewrittenOption = 0.0,
    generator: GeneratorOption = "",
) -> None:
    """Train the NER model."""
    from training.train.ner import NerSettings, train_ner

    torch.set_num_threads(threads)
    settings = NerSettings(
        encoder=encoder or default_encoder(),
        start=start,
        seed=seed,
        member=member,
        epochs=epochs,
        within=within,
        learning_rate=learning_rate,
        bfloat16=bfloat16,
        crf=crf,
        joined=joined,
        rehearsed=rehearsed,
        augmentation=Augmentation(renamed=renamed, rewritten=rewritten, generator=generator),
    )
    train_ner(catalogue.load(corpora.split(","), data_dir(), seed=seed), settings, out)


@app.command()
def relation(
    out: Annotated[Path, typer.Option(help="folder of the run")] = RUNS / "relation",
    proposer: Annotated[
        Path, typer.Option(help="run of a NER model that never saw clinical notes")
    ] = RUNS / "ner-literature",
    corpora: CorporaOption = TRAINED_ON["relation"],
    epochs: int = 5,
    within: WithinOption = 0.0,
    learning_rate: float = 2e-4,
    bfloat16: Bfloat16Option = False,
    encoder: EncoderOption = "",
    start: StartOption = "",
    threads: ThreadsOption = 2,
    seed: SeedOption = SEED,
    member: MemberOption = 0,
    joined: JoinedOption = 400,
    rehearsed: RehearsedOption = 1.0,
    context_attention: Annotated[bool, typer.Option(help="attend from every token")] = True,
    negatives: Annotated[
        int, typer.Option(help="false events of the proposer to learn from, per note at most")
    ] = 4,
    copies: Annotated[int, typer.Option(help="how often windows of dictations are learned")] = 4,
    renamed: RenamedOption = 0.0,
    rewritten: RewrittenOption = 0.0,
    generator: GeneratorOption = "",
) -> None:
    """Train the relation model."""
    from training.train.relation import train_relation
    from training.train.relation_settings import RelationSettings

    torch.set_num_threads(threads)
    settings = RelationSettings(
        encoder=encoder or default_encoder(),
        start=start,
        seed=seed,
        member=member,
        epochs=epochs,
        within=within,
        learning_rate=learning_rate,
        bfloat16=bfloat16,
        joined=joined,
        context_attention=context_attention,
        rehearsed=rehearsed,
        negatives_per_note=negatives,
        dictated_copies=copies,
        augmentation=Augmentation(renamed=renamed, rewritten=rewritten, generator=generator),
    )
    parts = catalogue.load(corpora.split(","), data_dir(), seed=seed)
    train_relation(parts, proposer, settings, out)


RunOption = Annotated[Path | None, typer.Option(help="folder of the training run")]
RepositoryOption = Annotated[Path, typer.Option(help="the model repository")]


@app.command()
def export(
    task: Annotated[str, typer.Argument(help="ner or relation")],
    run: RunOption = None,
    repository: RepositoryOption = Path("model_repository"),
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


@app.command()
def cards(
    repository: RepositoryOption = Path("model_repository"),
    version: Annotated[int | None, typer.Option(help="default: the newest of each model")] = None,
    only: Annotated[
        str, typer.Option(help="ner or relation: of this model; the other keeps its card")
    ] = "",
    ner_run: RunOption = None,
    relation_run: RunOption = None,
    seed: SeedOption = SEED,
) -> None:
    """Fit confidence and threshold on dev, measure both models on test, and write their cards.

    With `--only ner` both stay those of the published relation model; `calibrate` fits them to it.
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


@app.command()
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
    from training.evaluate.command import measure, open_models, read_corpus

    models = open_models(model or [Path("model_repository")])
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


@app.command()
def report(
    model: Annotated[
        list[Path] | None, typer.Option(help="as for evaluate; default: the repository")
    ] = None,
    corpora: Annotated[str, typer.Option(help="names, separated by commas")] = (
        "ade,clinical,adewatch"
    ),
    out: Annotated[Path, typer.Option(help="the page to write")] = RUNS / "report.html",
    seed: SeedOption = SEED,
) -> None:
    """Measure the served versions on the test parts and write a page with plots."""
    from training.evaluate.command import open_models
    from training.evaluate.report import write_report

    write_report(open_models(model or [Path("model_repository")]), corpora.split(","), out, seed)
    typer.echo(f"wrote {out}")


def main() -> None:
    """Run a command; what the user can mend ends in one line."""
    try:
        app()
    except TrainingError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_status)
    except AdewatchError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(PUBLICATION_FAILED)
