"""Names: what is counted under what, what nobody knows, and recounting under other names."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.adapters.sql.curation import Unknown
from services.adapters.sql.former_names import FormerName, former_names
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.contracts import MentionType, Named, Pair
from services.core.counting_ports import Remapped
from services.core.vocabulary.curation import Decision
from services.core.vocabulary.lexicon import Concept

app = typer.Typer(help="Names of drugs and events.", no_args_is_help=True)
unknown = typer.Typer(help="Counted names that no vocabulary has.", no_args_is_help=True)
app.add_typer(unknown, name="unknown")

Surface = Annotated[str, typer.Argument(help="a wording, as notes have it")]
_FLAGS = {MentionType.DRUG: "--drug", MentionType.ADE: "--event"}
Event = Annotated[bool, typer.Option("--event/--drug", help="Whether it names an event.")]


@app.command("show")
def show(surface: Surface, event: Event = False) -> None:
    """Say what a wording is counted under, where that comes from, and its groups."""
    kind = _kind(event)

    async def work(components: Components) -> tuple[Named, Concept | None]:
        vocabulary = await components.refresh_vocabulary()
        found = vocabulary.lexicon.find(kind, surface)
        return vocabulary.name(kind, surface), None if found is None else found[0]

    named, concept = with_components(work)
    out.print(named.concept, markup=False)
    if named.coding is None:
        out.print("no vocabulary has it: it is counted under its own wording")
        return
    coding = named.coding
    out.print(f"{coding.system} {coding.code} ({coding.version}), score {coding.score:.2f}")
    if concept is not None and concept.name == named.concept:
        for level, group in concept.broader:
            out.print(f"{level}: {group}", markup=False)


@unknown.command("list")
def list_unknown(
    limit: Annotated[int, typer.Option(min=1, help="how many at most")] = 50,
) -> None:
    """Show counted names without a code, those of most cases first."""

    async def work(components: Components) -> list[Unknown]:
        return await asyncio.to_thread(components.curation.unknown, limit)

    found = with_components(work)
    if not found:
        out.print("every counted name has a code")
        return
    table = Table("type", "name", box=None, header_style="dim")
    table.add_column("cases", justify="right")
    for one in found:
        table.add_row(one.type.value, escape(one.concept), str(one.cases))
    out.print(table)
    out.print("to decide what one is counted under, and recount:")
    for command in deciding(found):
        out.print(f"  {command}", markup=False, soft_wrap=True)


def deciding(found: Sequence[Unknown]) -> list[str]:
    """For each type of name the command that decides on the first one, but for its CONCEPT."""
    first = {one.type: one.concept for one in reversed(found)}
    return [
        shlex.join(["adewatch", "vocabulary", "map", _FLAGS[kind], "--", first[kind], "CONCEPT"])
        for kind in sorted(first)
    ]


@app.command("map")
def map_surface(
    surface: Surface,
    concept: Annotated[str, typer.Argument(help="what it is counted under from now on")],
    event: Event = False,
) -> None:
    """Decide what a wording is counted under, and recount history with it."""
    decision = Decision(_kind(event), surface, concept)

    async def work(components: Components) -> tuple[Named, Remapped]:
        await asyncio.to_thread(components.curation.decide, decision)
        return await _recount(components, decision)

    named, changed = with_components(work)
    out.print(f"counted under {named.concept!r} from now on", markup=False)
    _report(changed)


@app.command("unmap")
def unmap_surface(surface: Surface, event: Event = False) -> None:
    """Take a decision back, and recount history without it."""
    decision = Decision(_kind(event), surface, surface)

    async def work(components: Components) -> tuple[bool, Remapped]:
        gone = await asyncio.to_thread(components.curation.forget, decision)
        _, changed = await _recount(components, decision)
        return gone, changed

    gone, changed = with_components(work)
    out.print("the decision is taken back" if gone else "there was no decision on it")
    _report(changed)


@app.command("remap")
def remap() -> None:
    """Recount the whole history under the vocabulary of this installation."""

    async def work(components: Components) -> tuple[str, Remapped]:
        vocabulary = await components.refresh_vocabulary()
        return vocabulary.version, await components.aggregator.remap(vocabulary)

    version, changed = with_components(work)
    out.print(f"vocabulary {version}")
    _report(changed)


@app.command("former")
def list_former(
    drug: Annotated[str, typer.Argument(help="concept, as signals have it")],
    event_name: Annotated[str, typer.Argument(metavar="EVENT", help="likewise")],
) -> None:
    """Show by which names and codes the evidence of a pair went before recounts."""

    async def work(components: Components) -> list[FormerName]:
        return await asyncio.to_thread(former_names, components.engine, Pair(drug, event_name))

    found = with_components(work)
    if not found:
        out.print("no recount has named or coded it otherwise")
    for one in found:
        out.print(
            f"until recount {one.remapping} at {one.until:%Y-%m-%d %H:%M}: "
            f"{_called(one.drug)} → {_called(one.event)}, {one.relations} relations, "
            f"vocabulary {one.vocabulary}",
            soft_wrap=True,
            markup=False,
        )


def _called(named: Named) -> str:
    """A name with its code; what was not kept is left out."""
    coding = named.coding
    if coding is None:
        return f"{named.concept} (no code)"
    version = f" of {coding.version}" if coding.version else ""
    score = f", score {coding.score:.2f}" if coding.score else ""
    return f"{named.concept} ({coding.system} {coding.code}{version}{score})"


async def _recount(components: Components, decision: Decision) -> tuple[Named, Remapped]:
    vocabulary = await components.refresh_vocabulary()
    changed = await components.aggregator.remap(vocabulary)
    return vocabulary.name(decision.type, decision.surface), changed


def _report(changed: Remapped) -> None:
    out.print(
        f"{changed.renamed} of {changed.read} relations are of another pair now, "
        f"in {changed.cases} cases"
    )
    if changed.sequence is not None:
        out.print(f"recounted in ledger entry {changed.sequence}")
    out.print("former names and codes are kept: `adewatch vocabulary former DRUG EVENT`")


def _kind(event: bool) -> MentionType:
    return MentionType.ADE if event else MentionType.DRUG
