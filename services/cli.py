"""The command line. Errors are one line on standard error and a non-zero exit status."""

from __future__ import annotations

import sys

import typer

from services.commands import (
    alerts,
    dead_letters,
    models,
    notes,
    operate,
    priors,
    ranking,
    roll_ups,
    signal_checks,
    signal_statistics,
    signals,
    verdicts,
    vocabulary,
)
from services.commands.console import err
from services.core.errors import AdewatchError

app = typer.Typer(
    name="adewatch",
    help="Adverse drug events from clinical notes: extracted, counted, tested, alerted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(operate.worker)
app.command()(operate.gateway)
app.command()(notes.extract)
app.command()(notes.send)
app.add_typer(operate.topics, name="topics")
app.add_typer(operate.database, name="db")
operate.counts.command("groups")(roll_ups.by_groups)
app.add_typer(operate.counts, name="counts")
signals.app.command("rank")(ranking.rank_signals)
signals.app.command("show")(signal_statistics.show)
signals.app.command("trend")(signal_statistics.trend)
signals.app.command("masking")(signal_checks.masking_check)
signals.app.command("trio")(signal_checks.two_drugs)
app.add_typer(vocabulary.app, name="vocabulary")
app.add_typer(signals.app, name="signals")
app.add_typer(priors.app, name="priors")
app.add_typer(models.app, name="models")
app.add_typer(verdicts.app, name="verdicts")
app.add_typer(alerts.subscriptions, name="subscriptions")
app.add_typer(alerts.deliveries, name="deliveries")
app.add_typer(dead_letters.app, name="dead-letters")


def main() -> None:
    """Entry point of the `adewatch` command."""
    try:
        app()
    except AdewatchError as error:
        err.print(f"error: {error}", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
