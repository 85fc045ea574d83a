"""All measures of pairs, with the prior of EBGM refitted when the table has moved enough.

A full rescoring offers the whole table to `refreshed`, which refits if need be; touched pairs are
scored at once with the prior of the last refit. Work and memory are linear in the number of pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.core.disproportionality import CHI2, IC, PRR, ROR, score
from services.core.ebgm import EBGM, Prior, ebgm
from services.core.ebgm_fit import Fit, fit
from services.core.ebgm_likelihood import Points, points_of, squash
from services.core.estimates import Estimates, joined
from services.core.sequential import MAXSPRT, maxsprt
from services.core.tables import Tables

MEASURES = (PRR, CHI2, ROR, IC, MAXSPRT, EBGM)
"""Names of the measures, in their order."""

_BLOCK = 1 << 18

MOVED = 0.05
"""The share by which pairs or cases of pairs must have changed to be worth a refit."""


Search = Callable[[Points, Prior | None], Fit]
"""Finds hyperparameters for points, from an earlier result if there is one."""


def _fitted(points: Points, warm: Prior | None) -> Fit:
    return fit(points, warm=warm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameters:
    """The prior in use, and the table it was fitted to.

    Attributes:
        prior: of the last search that converged; None if none ever did.
        pairs: pairs with a case when the last search was made.
        cases: their cases (Σ n11).
        last: outcome of the last search, converged or not.
    """

    prior: Prior | None
    pairs: int
    cases: int
    last: Fit


def refreshed(
    previous: Hyperparameters | None,
    tables: Tables,
    *,
    moved: float = MOVED,
    search: Search = _fitted,
) -> Hyperparameters | None:
    """The hyperparameters for a table.

    Args:
        previous: those of the last full rescoring, None at the first.
        tables: of all pairs.
        moved: the share of change that is worth a refit; 0 always refits.
        search: finds the hyperparameters.

    Returns:
        `previous` itself if the table has not moved enough; else those of a new search, which
        starts from the prior in use. If it does not converge the prior in use stays, and `last`
        says so. None if no pair has a case and there is no previous one.
    """
    seen = tables.n11 > 0
    pairs, cases = int(seen.sum()), int(tables.n11.sum())
    if not pairs:
        return previous
    if previous is not None:
        change = max(
            abs(pairs - previous.pairs) / previous.pairs,
            abs(cases - previous.cases) / previous.cases,
        )
        if change < moved:
            return previous
    in_use = previous.prior if previous else None
    found = search(squash(points_of(tables.n11, tables.expected())), in_use)
    return Hyperparameters(
        prior=found.prior if found.converged else in_use, pairs=pairs, cases=cases, last=found
    )


def measures(tables: Tables, prior: Prior | None) -> Mapping[str, Estimates]:
    """Every measure by name; EBGM only where there is a prior.

    Many pairs are scored in blocks that stay in the processor's caches.
    """
    blocks = [
        _measures(tables[start : start + _BLOCK], prior)
        for start in range(0, max(1, len(tables)), _BLOCK)
    ]
    if len(blocks) == 1:
        return blocks[0]
    return {name: joined([block[name] for block in blocks]) for name in blocks[0]}


def _measures(tables: Tables, prior: Prior | None) -> Mapping[str, Estimates]:
    found = {**score(tables), MAXSPRT: maxsprt(tables)}
    if prior is not None:
        found[EBGM] = ebgm(tables, prior)
    return found
