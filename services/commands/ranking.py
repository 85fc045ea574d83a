"""The order in which a reviewer should look at signals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from services.adapters.known_effects import known_pairs, serious_events
from services.adapters.sql.overview import latest_signals
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.case_statistics import Stratum, stratified_counts
from services.core.contracts import Pair
from services.core.evidence import evidence_of
from services.core.ranking import WEIGHTS, Rank, rank
from services.core.signal_analysis import IC_ADJUSTED, Strata, adjusted, q_value_of


def rank_signals(
    known: Annotated[
        Path | None,
        typer.Option(help="Pairs known from labels: a drug, a tab and an event a line.",
                     envvar="ADEWATCH_KNOWN_PAIRS"),
    ] = None,
    serious: Annotated[
        Path | None,
        typer.Option(help="Events that are always serious, one a line.",
                     envvar="ADEWATCH_SERIOUS_EVENTS"),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The first so many.")] = 50,
) -> None:  # fmt: skip
    """Rank the signals that are one now, with the parts of each score.

    Disproportionality is the lower limit of IC adjusted for sex, age group and year.
    """

    async def work(components: Components) -> tuple[list[Rank], dict[Pair, float]]:
        names = await components.naming()
        label = frozenset() if known is None else known_pairs(known, names)
        grave = frozenset() if serious is None else serious_events(serious, names)
        signals = latest_signals(components.engine)
        return ranked(components, [Pair(s.drug, s.event) for s in signals], label, grave)

    ranks, q_values = with_components(work)
    out.print(rank_table(ranks[:limit], q_values))


def ranked(
    components: Components, pairs: list[Pair], known: frozenset[Pair], serious: frozenset[str]
) -> tuple[list[Rank], dict[Pair, float]]:
    """Ranks of pairs, and their q-values, from the record."""
    book, by = components.case_book, tuple(Stratum)
    strata = Strata(by, stratified_counts(book.cases(), by))
    found = adjusted(strata, pairs)
    evidence = [
        evidence_of(
            pair,
            book.pair_cases(pair),
            ic_lower=next((m.lower for m in found[pair] if m.name == IC_ADJUSTED), None),
            serious_events=serious,
        )
        for pair in pairs
    ]
    ranks = rank(evidence, now=components.clock.now(), known=known)
    return ranks, q_value_of(strata.pooled(), pairs)


def rank_table(ranks: list[Rank], q_values: dict[Pair, float]) -> Table:
    """Ranks as a table for a terminal."""
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("drug", no_wrap=True)
    table.add_column("event", no_wrap=True)
    for header in ("score", *WEIGHTS, "q"):
        table.add_column(header, justify="right", no_wrap=True)
    for one in ranks:
        parts = (f"{one.parts[name]:.2f}" for name in WEIGHTS)
        table.add_row(*one.pair, f"{one.score:.3f}", *parts, f"{q_values[one.pair]:.2g}")
    weights = ", ".join(f"{name} {weight:.0%}" for name, weight in WEIGHTS.items())
    table.caption = f"score = weighted mean of its parts: {weights}"
    return table
