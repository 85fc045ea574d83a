"""What a reviewer sees of a pair beyond the snapshot: adjusted, by subgroup, with its q-value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.core.bcpnn import bcpnn
from services.core.case_statistics import Stratum
from services.core.contracts import Pair, Table
from services.core.counts import CountDelta, combine
from services.core.disproportionality import information_component
from services.core.ebgm import Prior
from services.core.engine import measures
from services.core.false_discovery import fisher_p_values, q_values
from services.core.signal_contracts import Measure
from services.core.stratified import collapse, expected, mantel_haenszel_prr, mantel_haenszel_ror
from services.core.tables import Tables

IC_ADJUSTED = "ic_adjusted"
"""Name of the IC against the expectation summed over strata."""


@dataclass(frozen=True, slots=True)
class Strata:
    """The counts of each stratum, and what divides them.

    Attributes:
        by: kinds of strata; one part of every name for each.
        counts: by name.
    """

    by: tuple[Stratum, ...]
    counts: Mapping[tuple[str, ...], CountDelta]

    def pooled(self) -> CountDelta:
        """The counts without regard to strata: those of the record."""
        return combine(self.counts.values())

    def tables(self, pairs: Sequence[Pair]) -> list[Tables]:
        """The tables of some pairs in each stratum."""
        return [
            Tables.from_tables([counts.table(pair) for pair in pairs])
            for counts in self.counts.values()
        ]

    def subgroups(self, pair: Pair, kind: Stratum) -> dict[str, Table]:
        """The pair's table in each subgroup of one kind.

        Raises:
            ValueError: the strata do not divide by this kind.
        """
        place = self.by.index(kind)
        sums: defaultdict[str, list[Table]] = defaultdict(list)
        for name, counts in self.counts.items():
            sums[name[place]].append(counts.table(pair))
        return {
            name: Table(*(sum(column) for column in zip(*tables, strict=True)))
            for name, tables in sorted(sums.items())
        }


def crude(table: Table, prior: Prior | None) -> list[Measure]:
    """All measures of a pair without strata, BCPNN's normal form included."""
    tables = Tables.from_tables([table])
    found = [*measures(tables, prior).values(), bcpnn(tables)]
    return [estimates.measure(0) for estimates in found]


def adjusted(strata: Strata, pairs: Sequence[Pair]) -> dict[Pair, list[Measure]]:
    """IC, PRR and ROR of pairs, each adjusted for the strata; none if there is no stratum."""
    tables = strata.tables(pairs)
    if not tables or not pairs:
        return {pair: [] for pair in pairs}
    observed = collapse(tables).n11
    component = replace(information_component(observed, expected(tables)), name=IC_ADJUSTED)
    found = (component, mantel_haenszel_prr(tables), mantel_haenszel_ror(tables))
    return {
        pair: [estimates.measure(index) for estimates in found] for index, pair in enumerate(pairs)
    }


def q_value_of(counts: CountDelta, pairs: Sequence[Pair]) -> dict[Pair, float]:
    """q-values by Fisher's exact test; 1 for a pair that is not counted.

    The expected share of false discoveries among all pairs with a q-value as small. The family is
    all possible pairs, seen or not: only then is a chance case of a rare pair no discovery.
    """
    every = list(counts.pairs)
    tables = Tables.from_tables([counts.table(pair) for pair in every])
    found = q_values(fisher_p_values(tables), family=counts.possible_pairs)
    values = dict(zip(every, found.tolist(), strict=True))
    return {pair: values.get(pair, 1.0) for pair in pairs}
