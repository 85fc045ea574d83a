"""The commands of training: `python -m training COMMAND`."""

from __future__ import annotations

import sys

import typer

from services.core.errors import AdewatchError
from training.corpora import commands as corpus_commands
from training.distillation import command as distillation_command
from training.errors import TrainingError
from training.evaluate import choice_command, explain_command, status_command
from training.evaluate import commands as evaluation_commands
from training.pretraining import command as pretraining_command
from training.publish import commands as release_commands
from training.publish import version_commands
from training.publish.retraining import PUBLICATION_FAILED
from training.train import fold_commands, model_commands, run_commands

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

app.command("encoder")(run_commands.encoder)
app.command("pretrain")(pretraining_command.pretrain)
app.command("ner")(model_commands.ner)
app.command("relation")(model_commands.relation)
app.command("average")(run_commands.average)
app.command("distil")(distillation_command.distil)
app.command("export")(version_commands.export)
app.command("compare")(choice_command.compare)
app.command("cards")(version_commands.cards)
app.command("calibrate")(version_commands.calibrate)
app.command("publish")(release_commands.publish)
app.command("retrain")(release_commands.retrain)
app.command("evaluate")(evaluation_commands.evaluate)
app.command("report")(evaluation_commands.report)
app.command("explain")(explain_command.explain)
app.command("statuses")(status_command.statuses)
app.command("folds")(fold_commands.folds)
app.command("ablate")(run_commands.ablate)
app.add_typer(corpus_commands.app, name="corpus")


@app.callback()
def commands() -> None:
    """Train, measure and export the models."""


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
