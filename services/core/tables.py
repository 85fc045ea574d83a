"""The 2×2 tables of many pairs as arrays, checked.

The cells of a pair's table, in cases:

                    with the event   without
    with the drug         a             b        n1. = a + b
    without the drug      c             d
                         n.1                     n.. = a + b + c + d

Each case is in one cell. A case with the drug is in a if the drug is said to have caused the event
and else in b, even if it has the event and blames another drug; a case without the drug is in c or
d by the event alone. So n.1 here is not every case of the event: see `contracts.Table` and
deploy/decisions/0003-two-by-two-table.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from services.core.contracts import Table
from services.core.estimates import Bools, Floats

Counts = NDArray[np.int64]

MAX_TOTAL = 3_000_000_000
"""The greatest n..: products of two counts stay exact in 64 bits."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The 2×2 tables of n pairs as four arrays of shape [n]; checked when made by `of`."""

    n11: Counts
    drug: Counts
    event: Counts
    total: Counts

    @classmethod
    def of(cls, n11: ArrayLike, drug: ArrayLike, event: ArrayLike, total: ArrayLike) -> Tables:
        """Check margins and keep them.

        Args:
            n11: cases with the pair. drug: n1.. event: n.1 of the table (a + c). total: n...
                Integers, shape [n] each.

        Raises:
            ValueError: naming the first margin, and its position, that is not an integer, is
                negative, too great, or contradicts another one.
        """
        names = ("n11", "drug", "event", "total")
        arrays = [
            counts(name, values)
            for name, values in zip(names, (n11, drug, event, total), strict=True)
        ]
        if len({array.shape for array in arrays}) > 1:
            raise ValueError("n11, drug, event and total differ in length")
        tables = cls(*arrays)
        refuse(tables.total > MAX_TOTAL, f"total is above {MAX_TOTAL}")
        refuse(tables.n11 > tables.drug, "n11 is above drug")
        refuse(tables.n11 > tables.event, "n11 is above event")
        refuse(tables.drug > tables.total, "drug is above total")
        refuse(tables.event > tables.total, "event is above total")
        refuse(tables.d < 0, "drug + event - n11 is above total")
        return tables

    @classmethod
    def from_tables(cls, tables: Sequence[Table]) -> Tables:
        """The same for tables as messages carry them."""
        columns = np.array(tables, dtype=np.int64).reshape(len(tables), 4)
        return cls.of(*(np.ascontiguousarray(column) for column in columns.T))

    def __len__(self) -> int:
        return len(self.n11)

    @overload
    def __getitem__(self, index: int) -> Table: ...

    @overload
    def __getitem__(self, index: slice) -> Tables: ...

    def __getitem__(self, index: int | slice) -> Table | Tables:
        """One pair's table, or those of consecutive pairs."""
        columns = (self.n11, self.drug, self.event, self.total)
        if isinstance(index, slice):
            return Tables(*(column[index] for column in columns))
        return Table(*(int(column[index]) for column in columns))

    @property
    def b(self) -> Counts:
        """Cases with the drug, without the pair."""
        return self.drug - self.n11

    @property
    def c(self) -> Counts:
        """Cases with the event, without the drug."""
        return self.event - self.n11

    @property
    def d(self) -> Counts:
        """Cases with neither."""
        return self.total - self.drug - self.event + self.n11

    def expected(self) -> Floats:
        """E = n1.·n.1 / n.., the cases expected if drug and event were independent; 0 of 0."""
        product = (self.drug * self.event).astype(np.float64)
        return np.divide(product, self.total, out=np.zeros(len(self)), where=self.total > 0)


def counts(name: str, values: ArrayLike) -> Counts:
    """An array of counts, shape [n]; ValueError names what is wrong with it."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions instead of one")
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} is not of integers")
    refuse(array < 0, f"{name} is negative")
    refuse(array > np.iinfo(np.int64).max, f"{name} is too great")
    return array.astype(np.int64)


def refuse(wrong: Bools, what: str) -> None:
    """ValueError with the first position that is wrong, if any is."""
    if wrong.any():
        raise ValueError(f"{what} at position {int(np.argmax(wrong))}")
