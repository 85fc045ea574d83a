"""Cases by groups of drugs and events: ingredients and classes, higher terms and queries."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.contracts import MentionType
from services.core.errors import ConfigurationError
from services.core.roll_ups import RolledUp, roll_up
from services.core.vocabulary.groups import Groups, Level, itself

_SETTINGS = {MentionType.DRUG: "ADEWATCH_RXNORM_FOLDER", MentionType.ADE: "ADEWATCH_MEDDRA_FOLDER"}


def by_groups(
    by: Annotated[
        list[Level],
        typer.Option(help="Level of groups; twice for one of drugs and one of events.",
                     case_sensitive=False),
    ],
    broad: Annotated[
        bool, typer.Option("--broad", help="Search SMQs broadly: the narrow terms and the others.")
    ] = False,
    all_paths: Annotated[
        bool, typer.Option("--all-paths", help="HLT, HLGT, SOC: by secondary paths too.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="The first so many, in the table.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:  # fmt: skip
    """Count cases per group: each case once for a pair of groups, whichever of its pairs are in it.

    The side without a level stays as it is counted: drugs, or events (MedDRA's preferred terms). A
    concept counts in every group that it is in. A preferred term is in the one SOC that is primary
    for it, and in the HLT and HLGT on its path to that; in SMQs by their narrow searches.
    """
    levels = _one_for_each_side(by)

    async def work(components: Components) -> tuple[str, RolledUp]:
        vocabulary = await components.refresh_vocabulary()
        groups = Groups(vocabulary.lexicon, broad=broad, all_paths=all_paths)
        for level in levels.values():
            if not groups.known(level):
                raise ConfigurationError(
                    f"no vocabulary here has a group of level {level.value}: "
                    f"set {_SETTINGS[level.type]}"
                )
        drugs, events = (
            groups.by(levels[kind]) if kind in levels else itself
            for kind in (MentionType.DRUG, MentionType.ADE)
        )
        return vocabulary.version, roll_up(components.case_book.cases(), drugs=drugs, events=events)

    version, found = with_components(work)
    if as_json:
        options = {"broad": broad, "all_paths": all_paths}
        said = json_of(found, levels, options, version=version)
        out.print(said, markup=False, soft_wrap=True)
    else:
        out.print(table_of(found, levels, limit))


def table_of(found: RolledUp, levels: dict[MentionType, Level], limit: int) -> Table:
    """Pairs of groups as a table for a terminal, those of most cases first."""
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    for kind, name in ((MentionType.DRUG, "drug"), (MentionType.ADE, "event")):
        table.add_column(levels[kind].value if kind in levels else name, overflow="fold")
    for header in ("cases", "of the drug", "of the event"):
        table.add_column(header, justify="right", no_wrap=True)
    counts = found.counts
    ordered = sorted(counts.pairs.items(), key=lambda one: (-one[1], one[0]))
    for pair, cases in ordered[:limit]:
        margins = counts.drugs[pair.drug], counts.events[pair.event]
        table.add_row(*map(escape, pair), *(str(number) for number in (cases, *margins)))
    table.caption = (
        f"{min(limit, len(ordered))} of {len(ordered)} pairs; {counts.total} cases have one, "
        f"{found.outside} cases have a pair without a group"
    )
    return table


def json_of(
    found: RolledUp, levels: dict[MentionType, Level], options: dict[str, bool], *, version: str
) -> str:
    """Everything that was counted and how, on one line."""
    counts = found.counts
    return json.dumps(
        {
            "by": [level.value for level in levels.values()],
            **options,
            "vocabulary": version,
            "cases": counts.total,
            "cases_with_a_pair_without_a_group": found.outside,
            "pairs": [
                {"drug": pair.drug, "event": pair.event, "cases": cases}
                for pair, cases in sorted(counts.pairs.items())
            ],
            "drugs": dict(sorted(counts.drugs.items())),
            "events": dict(sorted(counts.events.items())),
        },
        ensure_ascii=False,
    )


def _one_for_each_side(by: list[Level]) -> dict[MentionType, Level]:
    levels = {level.type: level for level in by}
    if len(levels) < len(by):
        raise ConfigurationError("--by takes one level of drugs and one of events at most")
    return levels
