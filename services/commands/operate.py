"""Running and maintaining the service: workers, topics, database, counts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from services.adapters import logs
from services.aggregate.verification import Verification
from services.bootstrap import workers
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.config import load_settings
from services.core.counting_ports import Resettled
from services.core.errors import ConfigurationError

topics = typer.Typer(help="Topics of Kafka.", no_args_is_help=True)
database = typer.Typer(help="The record's schema.", no_args_is_help=True)
counts = typer.Typer(help="Hot counts against the record; counts by groups.", no_args_is_help=True)


def worker(
    stage: Annotated[str, typer.Argument(help="extract, aggregate, merge, detect or alert")],
) -> None:
    """Run one stage until SIGTERM."""
    if stage not in workers.STAGES:
        raise ConfigurationError(f"unknown stage {stage!r}: one of {', '.join(workers.STAGES)}")
    settings = load_settings()
    logs.configure(settings.log_level)
    raise typer.Exit(asyncio.run(workers.run_worker(stage, settings)))


def gateway() -> None:
    """Take HL7 v2 over MLLP and FHIR over HTTPS until SIGTERM."""
    from services.bootstrap.gateway import run_gateway  # no other process serves HTTP

    settings = load_settings()
    logs.configure(settings.log_level)
    asyncio.run(run_gateway(settings))


@topics.command("create")
def create_topics() -> None:
    """Create the topics that are missing."""
    created = asyncio.run(workers.create_topics(load_settings()))
    out.print(f"created {', '.join(created)}" if created else "all topics exist")


@database.command("upgrade")
def upgrade() -> None:
    """Bring the record to the newest schema."""
    from services.adapters.sql import migrate  # no other process migrates

    migrate.upgrade(load_settings().database_url)
    out.print("the record has the newest schema")


@counts.command()
def verify() -> None:
    """Compare the hot counts with the evidence; the exit status is 1 if they differ."""

    async def work(components: Components) -> Verification:
        return await components.aggregator.verify()

    found = with_components(work)
    if found.agrees:
        out.print(f"hot counts and record agree at ledger entry {found.sequence}")
        return
    table = Table("count", "record", "hot counts")
    for example in found.examples:
        name = " → ".join((example.what, *example.name))
        table.add_row(name, str(example.record), str(example.hot))
    out.print(table)
    out.print(f"{found.different} of {found.compared} counts differ; `adewatch counts rebuild`")
    raise typer.Exit(1)


@counts.command()
def rebuild() -> None:
    """Replace the hot counts by what the record says."""

    async def work(components: Components) -> int:
        return await components.aggregator.rebuild()

    out.print(f"hot counts rebuilt at ledger entry {with_components(work)}")


@counts.command()
def resettle() -> None:
    """Divide all evidence into cases anew: after an upgrade, or under another gap of episodes."""

    async def work(components: Components) -> Resettled:
        return await components.aggregator.resettle()

    found = with_components(work)
    out.print(f"{found.moved} of {found.read} counted relations are of another case or a copy now")
    if found.sequence is not None:
        out.print(f"recounted in ledger entry {found.sequence}")
