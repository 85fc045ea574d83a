"""Masking: a drug with very many cases of an event hides the event's association with others.

The check takes the cases of the strongest pairs of an event out of the tables of the event's other
pairs and scores these again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.core.disproportionality import ic, prr
from services.core.estimates import Bools, Field, Floats
from services.core.tables import Counts, Tables, counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """What taking the strongest pairs of an event away does to its other pairs.

    Attributes:
        removed: positions of the pairs taken away, shape [m].
        others: positions of the other pairs, shape [k].
        before: their tables as they are, of k pairs. after: without the removed cases.
        ratio: masking ratio, PRR after over PRR before, shape [k]; +inf where only the cases taken
            away had the event without the drug, 1 where there is no ratio.
        comparable: where there is one, shape [k].
        unmasked: which of the others have a lower limit of IC above 0 only after, shape [k].
    """

    removed: NDArray[np.intp]
    others: NDArray[np.intp]
    before: Tables
    after: Tables
    ratio: Floats
    comparable: Bools
    unmasked: Bools


def masking(
    tables: Tables, *, strongest: int = 1, together: NDArray[np.int64] | None = None
) -> Masking:
    """Check one event.

    The strongest pairs are those with most cases among the pairs whose lower limit of IC is above
    0; there may be fewer than asked for, and none.

    Args:
        tables: of all pairs of one event, with one total.
        strongest: how many pairs to take away.
        together: cases that two pairs of the event share, shape [n, n]. None assumes that no case
            has two of them: the effect is then an upper bound.

    Raises:
        ValueError: totals differ, `together` does not fit, or takes more cases than there are.

    Source: Maignen et al., Pharmacoepidemiol Drug Saf 2014;23:195-207 (masking ratio); Juhlin et
    al., Pharmacoepidemiol Drug Saf 2013;22:1119-1129 (removing the strongest).
    """
    if len(set(tables.total.tolist())) > 1:
        raise ValueError("the pairs of an event have one total")
    shared = _shared(tables, together)
    lower, _ = ic(tables).numbers(Field.LOWER)
    candidates = np.flatnonzero(lower > 0)
    order = np.argsort(-tables.n11[candidates], kind="stable")
    removed = np.sort(candidates[order[:strongest]])
    others = np.setdiff1d(np.arange(len(tables)), removed)
    before = _chosen(tables, others)
    # With several pairs taken away, cases that they share with each other count once too often:
    # the effect is an upper bound there too.
    in_pair = np.minimum(shared[np.ix_(others, removed)].sum(axis=1), before.n11)
    gone = int(tables.n11[removed].sum())
    outside = np.minimum(gone - in_pair, before.c)
    after = Tables.of(
        before.n11 - in_pair,
        before.drug - in_pair,
        before.event - in_pair - outside,
        before.total - in_pair - outside,
    )
    ratio, comparable = _ratio(before, after)
    return Masking(
        removed=removed,
        others=others,
        before=before,
        after=after,
        ratio=ratio,
        comparable=comparable,
        unmasked=_positive(after) & ~_positive(before),
    )


def _positive(tables: Tables) -> Bools:
    lower, _ = ic(tables).numbers(Field.LOWER)
    return lower > 0


def _ratio(before: Tables, after: Tables) -> tuple[Floats, Bools]:
    first, second = prr(before), prr(after)
    # The estimate of an infinite PRR is +inf, and may be compared.
    now, comparable = second.numbers(Field.ESTIMATE)
    both = first.known & (first.estimate > 0) & comparable
    return np.divide(now, first.estimate, out=np.ones(len(before)), where=both), both


def _shared(tables: Tables, together: NDArray[np.int64] | None) -> Counts:
    size = len(tables)
    if together is None:
        return np.zeros((size, size), dtype=np.int64)
    if together.shape != (size, size):
        raise ValueError("together has one row and one column for each pair")
    flat = counts("together", together.ravel()).reshape(size, size)
    if (flat > np.minimum.outer(tables.n11, tables.n11)).any():
        raise ValueError("together has more cases than one of the two pairs")
    return flat


def _chosen(tables: Tables, which: NDArray[np.intp]) -> Tables:
    return Tables(tables.n11[which], tables.drug[which], tables.event[which], tables.total[which])
