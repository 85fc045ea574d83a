"""Many values of one statistic, with what is known of each.

No array here ever holds NaN. Where a number does not exist, a vacuous one stands in its place (0
for an estimate, 0 and +inf for the limits of a ratio) and `flag` and `known` say so; `measure`
gives None instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from services.core.signal_contracts import Measure, MeasureFlag

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]

LEVEL = 0.95
"""What two-sided limits cover, unless a measure has another custom."""

_LOG_GREATEST = 700.0
"""exp of this is still a number."""

FLAGS = tuple(MeasureFlag)
"""What the codes of `Estimates.flag` mean, by position."""

DEFINED, CORRECTED, INFINITE, UNDEFINED = (
    np.int8(FLAGS.index(flag))
    for flag in (
        MeasureFlag.DEFINED,
        MeasureFlag.CORRECTED,
        MeasureFlag.INFINITE,
        MeasureFlag.UNDEFINED,
    )
)


class Field(StrEnum):
    """One of the three numbers of an estimate."""

    ESTIMATE = "estimate"
    LOWER = "lower"
    UPPER = "upper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """One statistic of n pairs; all arrays have shape [n].

    Attributes:
        name: of the statistic, as in `contracts.Measure`.
        estimate: its values; +inf where it is infinite, 0 where there is none.
        lower: lower limits; None for a statistic without limits. Vacuous where there is none.
        upper: upper limits, likewise.
        flag: positions in `FLAGS`. Limits exist where it is DEFINED or CORRECTED. An UNDEFINED one
            may still have an estimate (a PRR of exactly 0 has no log-normal interval).
        known: whether the estimate exists as a finite number.
    """

    name: str
    estimate: Floats
    lower: Floats | None
    upper: Floats | None
    flag: Codes
    known: Bools

    def __len__(self) -> int:
        return len(self.estimate)

    def numbers(self, field: Field) -> tuple[Floats, Bools]:
        """Values of one field, and where they may be compared with a threshold.

        An infinite estimate may be compared; a number that does not exist may not.
        """
        if field is Field.ESTIMATE:
            return self.estimate, self.known | (self.flag == INFINITE)
        limit = self.lower if field is Field.LOWER else self.upper
        if limit is None:
            return np.zeros(len(self)), np.zeros(len(self), dtype=np.bool_)
        return limit, (self.flag == DEFINED) | (self.flag == CORRECTED)

    def measure(self, index: int) -> Measure:
        """One value for a message: every number that does not exist, or is infinite, is None."""
        flag = FLAGS[self.flag[index]]
        limited = flag in (MeasureFlag.DEFINED, MeasureFlag.CORRECTED)
        return Measure(
            name=self.name,
            estimate=float(self.estimate[index]) if self.known[index] else None,
            lower=_finite(self.lower, index) if limited else None,
            upper=_finite(self.upper, index) if limited else None,
            flag=flag,
        )


def joined(parts: Sequence[Estimates]) -> Estimates:
    """The estimates of consecutive pairs as one; `parts` has at least one, all of one measure."""
    lower = [part.lower for part in parts if part.lower is not None]
    upper = [part.upper for part in parts if part.upper is not None]
    return Estimates(
        name=parts[0].name,
        estimate=np.concatenate([part.estimate for part in parts]),
        lower=np.concatenate(lower) if lower else None,
        upper=np.concatenate(upper) if upper else None,
        flag=np.concatenate([part.flag for part in parts]),
        known=np.concatenate([part.known for part in parts]),
    )


def flags(
    size: int, *, defined: Bools, corrected: Bools | None = None, infinite: Bools | None = None
) -> Codes:
    """Codes of shape [size]: UNDEFINED, but where the masks say otherwise."""
    flag = np.full(size, UNDEFINED)
    flag[defined] = DEFINED
    if corrected is not None:
        flag[corrected] = CORRECTED
    if infinite is not None:
        flag[infinite] = INFINITE
    return flag


def log_normal(
    name: str, ratio: Floats, variance: Floats, flag: Codes, *, known: Bools, level: float
) -> Estimates:
    """A ratio with the limits exp(ln ratio ± z·√variance) where its flag says that it has some.

    Limits beyond the range of the numbers end at its ends: a variance may be absurd where strata
    hardly overlap, and such an interval says nothing anyway.
    """
    limited = (flag == DEFINED) | (flag == CORRECTED)
    z = ndtri(0.5 + checked_level(level) / 2)
    width = np.exp(np.minimum(z * np.sqrt(variance), _LOG_GREATEST))
    with np.errstate(over="ignore"):
        upper = np.minimum(ratio * width, np.finfo(np.float64).max)
    return Estimates(
        name=name,
        estimate=np.where(flag == INFINITE, np.inf, ratio),
        lower=np.where(limited, ratio / width, 0.0),
        upper=np.where(limited, upper, np.inf),
        flag=flag,
        known=known,
    )


def ratio_where(numerator: ArrayLike, denominator: NDArray[Any], *, where: Bools) -> Floats:
    """The quotient where it is wanted, 0 elsewhere."""
    quotient: Floats = np.divide(
        numerator, denominator, out=np.zeros(len(denominator)), where=where
    )
    return quotient


def checked_level(level: float) -> float:
    """The level, if it is one; ValueError if not."""
    if not 0.0 < level < 1.0:
        raise ValueError("level is not between 0 and 1")
    return level


def _finite(limit: Floats | None, index: int) -> float | None:
    if limit is None or not np.isfinite(limit[index]):
        return None
    return float(limit[index])
