"""Two drugs and one event: Ω, the shrunk ratio to what the drugs would do without interaction."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from services.core.disproportionality import information_component
from services.core.estimates import LEVEL, Estimates, Floats, checked_level, flags, ratio_where
from services.core.tables import Counts, counts, refuse

OMEGA = "omega"
"""Name of the measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trios:
    """Cases of n trios (drug A, drug B, event), each by the drugs taken; arrays of shape [n].

    Attributes:
        both, first, second, neither: cases with both drugs, only A, only B, none of them.
        both_event, first_event, second_event, neither_event: those of them with the event.
    """

    both: Counts
    first: Counts
    second: Counts
    neither: Counts
    both_event: Counts
    first_event: Counts
    second_event: Counts
    neither_event: Counts

    @classmethod
    def of(cls, **columns: ArrayLike) -> Trios:
        """Check cells and keep them.

        Raises:
            ValueError: naming the first cell that is not an integer, is negative, or has more
                events than cases.
        """
        arrays = {item.name: counts(item.name, columns[item.name]) for item in fields(cls)}
        if len({array.shape for array in arrays.values()}) > 1:
            raise ValueError("the cells of the trios differ in length")
        for name in ("both", "first", "second", "neither"):
            refuse(arrays[f"{name}_event"] > arrays[name], f"{name}_event is above {name}")
        return cls(**arrays)

    def __len__(self) -> int:
        return len(self.both)


def expected_with_both(trios: Trios) -> Floats:
    """Cases with both drugs and the event if the drugs' risks add up, shape [n].

    E111 = g11·n11., g11 = 1 - 1 / (max(o00, o10) + max(o00, o01) - o00 + 1), o the odds of the
    event with neither drug, only A, only B. A protective drug counts as none. An empty group has
    odds 0, and one in which every case has the event infinite ones (then g11 = 1).
    """
    neither = _odds(trios.neither_event, trios.neither)
    first = np.maximum(neither, _odds(trios.first_event, trios.first))
    second = np.maximum(neither, _odds(trios.second_event, trios.second))
    finite = np.isfinite(first) & np.isfinite(second)
    # Where both are finite, so is the odds with neither.
    first, second, neither = (np.where(finite, one, 0.0) for one in (first, second, neither))
    odds = first + (second - neither)
    share = np.where(finite, odds / (1.0 + odds), 1.0)
    expected: Floats = share * trios.both
    return expected


def omega(trios: Trios, *, level: float = LEVEL) -> Estimates:
    """Ω = log2((n111 + ½) / (E111 + ½)) with exact gamma limits (Ω025, Ω975), shape [n].

    UNDEFINED where no case is without both drugs: there is no background to add risks to.
    Otherwise zero cells are ordinary values, see `expected_with_both`. An interaction is suspected
    where Ω025 is above 0. Drugs A and B may change places.

    Source: Norén, Sundberg, Bate & Edwards, Stat Med 2008;27:3057-3070, equations 16, 19 and 20.
    """
    checked_level(level)
    found = information_component(trios.both_event, expected_with_both(trios), level=level)
    background = trios.neither > 0
    limits = found.lower, found.upper
    lower, upper = (np.zeros(len(trios)) if limit is None else limit for limit in limits)
    return Estimates(
        name=OMEGA,
        estimate=np.where(background, found.estimate, 0.0),
        lower=np.where(background, lower, -np.inf),
        upper=np.where(background, upper, np.inf),
        flag=flags(len(trios), defined=background),
        known=background,
    )


def _odds(events: Counts, cases: Counts) -> Floats:
    others = (cases - events).astype(np.float64)
    odds = ratio_where(events, others, where=others > 0)
    return np.where((others == 0) & (events > 0), np.inf, odds)
