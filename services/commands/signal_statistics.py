"""The statistics of a pair, computed from the record: now, adjusted, by subgroup, by month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import typer
from rich.table import Table as Grid

from services.adapters.sql.overview import transitions_of
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.commands.signals import shown
from services.commands.tables import grid_of, limits, number
from services.core.case_statistics import (
    Series,
    Stratum,
    series,
    stratified_counts,
)
from services.core.contracts import MentionType, Pair
from services.core.disproportionality import ic
from services.core.ebgm import Prior, ebgm
from services.core.errors import ConfigurationError
from services.core.signal_analysis import Strata, adjusted, crude, q_value_of
from services.core.signal_contracts import Measure, Signal

Drug = Annotated[str, typer.Argument(help="A drug, as notes or concepts name it.")]
Event = Annotated[str, typer.Argument(help="An event, likewise.")]


def show(drug: Drug, event: Event) -> None:
    """Show a pair: its last snapshot, its statistics now, adjusted, and by subgroup."""

    async def work(
        components: Components,
    ) -> tuple[Pair, list[Signal], Strata, int, Prior | None]:
        pair, by = await _pair(components, drug, event), tuple(Stratum)
        book = components.case_book
        strata = Strata(by, stratified_counts(book.cases(), by))
        recalled = book.historical_only([pair])[pair]
        return pair, transitions_of(components.engine, pair), strata, recalled, _prior(components)

    pair, history, strata, recalled, prior = with_components(work)
    counts = strata.pooled()
    _need_cases(counts.total)
    out.print(f"{pair.drug} → {pair.event}", markup=False)
    for line in snapshot_lines(history):
        out.print(line, markup=False)
    table = counts.table(pair)
    now = [*crude(table, prior), *adjusted(strata, [pair])[pair]]
    out.print(f"now: n11 {table.n11}, drug {table.drug}, event {table.event}, all {table.total}")
    out.print(f"of these {table.n11} cases {recalled} historical only")
    out.print(measure_grid(now))
    out.print(
        f"q among all {counts.possible_pairs} pairs of the counted drugs and events: "
        f"{q_value_of(counts, [pair])[pair]:.3g}"
    )
    for kind in strata.by:
        out.print(subgroup_grid(strata, pair, kind, prior))


def trend(drug: Drug, event: Event) -> None:
    """Show a pair month by month: cases, IC and EBGM to date, and a sudden rise."""

    async def work(components: Components) -> tuple[Pair, Series, Prior | None]:
        pair = await _pair(components, drug, event)
        try:
            found = series(components.case_book.cases(), pair)
        except ValueError as error:
            raise ConfigurationError(f"nothing to show: {error}") from None
        return pair, found, _prior(components)

    pair, found, prior = with_components(work)
    out.print(f"{pair.drug} → {pair.event}", markup=False)
    out.print(trend_grid(found, prior))
    out.print(rise_line(found))


def snapshot_lines(history: Sequence[Signal]) -> list[str]:
    """The transitions of a signal, and what the last one was made from."""
    if not history:
        return ["it never was a signal"]
    lines = [
        f"revision {one.revision}: {one.transition} at {one.occurred_at:%Y-%m-%d %H:%M} "
        f"by {one.rule} with {one.counts.n11} cases{_of_these(one.historical_only)}"
        for one in history
    ]
    last = history[-1]
    if last.theta is not None:
        theta = last.theta
        lines.append(
            f"θ of fit {theta.fit}: α1 {theta.alpha1:.6g}, β1 {theta.beta1:.6g}, "
            f"α2 {theta.alpha2:.6g}, β2 {theta.beta2:.6g}, P {theta.weight:.6g}"
        )
    if last.boundary is not None:
        limit = last.boundary
        lines.append(
            f"boundary: LLR {limit.critical_value:.6g} for α {limit.alpha:g} over {limit.pairs} "
            f"pairs up to {limit.horizon:g} expected cases, from {limit.minimum_cases} cases on"
        )
    return lines + [
        f"read by ner {versions.ner}, relation {versions.relation}, rules {versions.rules}, "
        f"vocabulary {versions.vocabulary}"
        for versions in last.versions
    ]


def _of_these(historical_only: int | None) -> str:
    return "" if historical_only is None else f", of these {historical_only} historical only"


def measure_grid(found: Sequence[Measure]) -> Grid:
    """Measures with their limits."""
    grid = grid_of("measure", "estimate", "lower", "upper", "flag")
    for one in found:
        numbers = (number(value) for value in (one.estimate, one.lower, one.upper))
        grid.add_row(one.name, *numbers, one.flag.value)
    return grid


def subgroup_grid(strata: Strata, pair: Pair, kind: Stratum, prior: Prior | None) -> Grid:
    """One row for each subgroup, with the measures of its own table."""
    names = ("prr", "ror", "ic", "ebgm")
    grid = grid_of(kind.value, "n11", "drug", "event", "all", *names)
    for name, table in strata.subgroups(pair, kind).items():
        by_name = {one.name: one for one in crude(table, prior)}
        cells = (shown(by_name.get(measure)) for measure in names)
        grid.add_row(name, *(str(count) for count in table), *cells)
    return grid


def trend_grid(found: Series, prior: Prior | None) -> Grid:
    """One row for each month; EBGM with one prior throughout, so that months compare."""
    grid = grid_of("month", "new", "to date", "expected", "IC", "EBGM")
    new = np.diff(found.to_date.n11, prepend=0)
    component = ic(found.to_date)
    ratios = None if prior is None else ebgm(found.to_date, prior)
    expected = found.to_date.expected()
    for index, month in enumerate(found.months):
        grid.add_row(
            month,
            str(new[index]),
            str(found.to_date.n11[index]),
            f"{expected[index]:.2f}",
            limits(component.measure(index)),
            "" if ratios is None else limits(ratios.measure(index)),
        )
    return grid


def rise_line(found: Series) -> str:
    """The change point in a sentence."""
    rise = found.rise
    if rise is None:
        return "no rise of the pair's share of all new cases"
    ratio = "from none" if rise.rate_ratio is None else f"{rise.rate_ratio:.1f}-fold"
    return f"likeliest rise in {found.months[rise.period]}: {ratio}, p = {rise.p_value:.2g}"


async def _pair(components: Components, drug: str, event: str) -> Pair:
    naming = await components.naming()
    return Pair(naming(MentionType.DRUG, drug), naming(MentionType.ADE, event))


def _prior(components: Components) -> Prior | None:
    fit = components.priors.latest()
    return None if fit is None else fit.hyperparameters.prior


def _need_cases(total: int) -> None:
    if not total:
        raise ConfigurationError("nothing to show: there is no case")
