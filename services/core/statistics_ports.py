"""What statistics need from the record beyond the counts, as protocols.

Failures are those of `services.core.ports`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.core.contracts import Pair, Sex
from services.core.engine import Hyperparameters


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorFit:
    """One fit of EBGM's prior, as the record keeps it.

    Attributes:
        revision: counts the fits from 1.
        hyperparameters: the prior in use from here on, and the outcome of the search.
        ledger_sequence: state of the record whose table was fitted.
        fitted_at: when.
    """

    revision: int
    hyperparameters: Hyperparameters
    ledger_sequence: int
    fitted_at: datetime


class PriorRecord(Protocol):
    """The fits of EBGM's prior, shared by all workers. Its calls block."""

    def latest(self) -> PriorFit | None:
        """The fit with the greatest revision; None if there is none yet."""
        ...

    def record(self, fit: PriorFit) -> PriorFit:
        """Keep a fit if its revision is the next one.

        Returns:
            The latest fit: this one, or that of a worker that was faster.
        """
        ...

    def history(self, limit: int) -> list[PriorFit]:
        """At most `limit` fits, the newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case of the universe, with what strata and series are made of.

    Attributes:
        key: identity of the case.
        sex: as its first counted note has it. age_years: likewise, None if it says nothing.
        pairs: its counted pairs, each with the time of the first note that has it.
    """

    key: str
    sex: Sex
    age_years: int | None
    pairs: Mapping[Pair, datetime]

    @property
    def first_at(self) -> datetime:
        """When the case came into the universe."""
        return min(self.pairs.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCase:
    """What the notes of one case say of one pair.

    Attributes:
        key: identity of the case.
        first_at: time of the first note with the pair.
        sources: where these notes come from.
        sex, age_years, note_type: whether any of these notes has the item.
        texts: the evidence (patient text: to be judged in this process, never shown or logged).
    """

    key: str
    first_at: datetime
    sources: AbstractSet[str]
    sex: bool
    age_years: bool
    note_type: bool
    texts: tuple[str, ...] = field(repr=False)


class CaseBook(Protocol):
    """The cases behind the counts, read in one snapshot. Its calls block."""

    def cases(self) -> Iterator[Case]:
        """Every case of the universe, by key. Memory does not grow with their number."""
        ...

    def pair_cases(self, pair: Pair) -> list[PairCase]:
        """The cases of a pair, by key; what only repeats an earlier note is left out of them."""
        ...

    def historical_only(self, pairs: Sequence[Pair]) -> dict[Pair, int]:
        """How many cases of each pair rest on history alone: no counted relation of the case says
        of the pair anything else. What only repeats an earlier note is left out here too."""
        ...
