"""Checks of signals against other explanations: masking, and two drugs together."""

from __future__ import annotations

import math
from typing import Annotated

import typer
from rich.table import Table as Grid

from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.commands.tables import grid_of, limits, number
from services.core.case_statistics import EventCases, event_cases, trio
from services.core.contracts import MentionType, Pair
from services.core.disproportionality import ic
from services.core.errors import ConfigurationError
from services.core.interaction import expected_with_both, omega
from services.core.masking import masking
from services.core.tables import Tables

Event = Annotated[str, typer.Argument(help="An event, as notes or concepts name it.")]


def masking_check(
    event: Event,
    strongest: Annotated[int, typer.Option(min=1, help="How many pairs to take away.")] = 1,
) -> None:
    """Show what taking the strongest pairs of an event away does to its others."""

    async def work(components: Components) -> tuple[str, EventCases]:
        name = components.concept_of(MentionType.ADE, event)
        return name, event_cases(components.case_book.cases(), name)

    name, found = with_components(work)
    if not found.drugs:
        raise ConfigurationError(f"no counted pair has the event {name!r}")
    out.print(masking_grid(name, found, strongest=strongest))


def two_drugs(
    first: Annotated[str, typer.Argument(help="One drug.")],
    second: Annotated[str, typer.Argument(help="Another drug.")],
    event: Event,
) -> None:
    """Show Ω: whether two drugs together go with an event more than their risks add up to.

    A case has a drug where a counted relation names it: drugs that no note blames are not known.
    """

    async def work(components: Components) -> list[str]:
        one, other = (components.concept_of(MentionType.DRUG, drug) for drug in (first, second))
        if one == other:
            raise ConfigurationError("both drugs are the same")
        name = components.concept_of(MentionType.ADE, event)
        cases = trio(components.case_book.cases(), one, other, name)
        measure = omega(cases).measure(0)
        expected = float(expected_with_both(cases)[0])
        return [
            f"{one} + {other} → {name}",
            f"cases with both drugs {int(cases.both[0])}, "
            f"with the event {int(cases.both_event[0])}, expected {expected:.2f}",
            f"Ω {number(measure.estimate)} [{number(measure.lower)}, {number(measure.upper)}]; "
            "an interaction is suspected where the lower limit is above 0",
        ]

    for line in with_components(work):
        out.print(line, markup=False)


def masking_grid(event: str, found: EventCases, *, strongest: int) -> Grid:
    """One row for each pair that stays, with its IC before and after."""
    pairs = [Pair(drug, event) for drug in found.drugs]
    tables = Tables.from_tables([found.counts.table(pair) for pair in pairs])
    check = masking(tables, strongest=strongest, together=found.together)
    grid = grid_of("drug", "n11", "IC", "IC without the strongest", "PRR ratio", "")
    before, after = ic(check.before), ic(check.after)
    for index, place in enumerate(check.others):
        grid.add_row(
            found.drugs[place],
            str(check.before.n11[index]),
            limits(before.measure(index)),
            limits(after.measure(index)),
            _ratio(float(check.ratio[index])) if check.comparable[index] else "–",
            "unmasked" if check.unmasked[index] else "",
        )
    removed = ", ".join(found.drugs[place] for place in check.removed) or "none is strong"
    grid.caption = f"taken away: {removed}"
    return grid


def _ratio(value: float) -> str:
    return "∞" if value == math.inf else f"{value:.2f}"
