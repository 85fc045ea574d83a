"""Signals and alerts, the messages of the last two stages, as values.

As in `services.core.contracts`, every type is frozen, messages carry the version of their shape,
and times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.core import identity
from services.core.contracts import Table, Versions

SIGNAL_SCHEMA = 2
ALERT_SCHEMA = 1


class MeasureFlag(StrEnum):
    """What is known of an estimate. Only `defined` and `corrected` ones have all numbers."""

    DEFINED = "defined"
    CORRECTED = "corrected"
    INFINITE = "infinite"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A statistic with its two-sided limits.

    A number that does not exist is None, never NaN or infinity; `flag` says why. A statistic
    without limits (χ²) has None for both.
    """

    name: str
    estimate: float | None
    lower: float | None = None
    upper: float | None = None
    flag: MeasureFlag = MeasureFlag.DEFINED


class SignalState(StrEnum):
    """State of a signal in its management (GVP Module IX)."""

    DETECTED = "detected"
    VALIDATED = "validated"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    CLOSED = "closed"


class Transition(StrEnum):
    """What happened to the pair's statistics."""

    DETECTED = "detected"
    SUBSIDED = "subsided"
    RECURRED = "recurred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theta:
    """Hyperparameters of EBGM: shapes and rates of two gammas, and the weight of the first.

    `fit` is the revision under which the record of fits keeps where they come from.
    """

    alpha1: float
    beta1: float
    alpha2: float
    beta2: float
    weight: float
    fit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """The sequential boundary of a rule: the critical value of MaxSPRT, and what it is exact for.

    Attributes:
        alpha: probability of any false alarm in the whole family of pairs.
        pairs: size of the family; each pair may spend alpha / pairs.
        horizon: the greatest expectation of a pair, in cases, for which that holds.
        minimum_cases: the fewest cases that make an alarm.
        critical_value: what a pair's log-likelihood ratio must reach.
    """

    alpha: float
    pairs: int
    horizon: float
    minimum_cases: int
    critical_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One transition of a signal, with the snapshot that makes it reproducible.

    `revision` counts the transitions of this signal from 1. `ledger_sequence` is the state of the
    record the counts were read from. `versions` lists the distinct versions behind the evidence.
    `theta` is None if EBGM had no hyperparameters yet, `boundary` if the rule has none.
    `historical_only` of the n11 cases rest on historical statements alone; None if that was not
    known. It has a default, so every reader of this schema version reads messages with and without.
    """

    drug: str
    event: str
    revision: int
    transition: Transition
    state: SignalState
    rule: str
    counts: Table
    measures: tuple[Measure, ...]
    ledger_sequence: int
    versions: tuple[Versions, ...]
    occurred_at: datetime
    theta: Theta | None = None
    boundary: Boundary | None = None
    historical_only: int | None = None
    schema_version: int = SIGNAL_SCHEMA

    @property
    def signal_id(self) -> str:
        """Identity of the signal over all its transitions."""
        return identity.signal_id(self.drug, self.event)

    @property
    def transition_id(self) -> str:
        """Identity of this transition."""
        return identity.transition_id(self.signal_id, self.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message to one subscriber about one transition: the body of the webhook.

    It carries identifiers, counts, statistics and a link, and nothing of any patient.
    `historical_only` as in the signal.
    """

    alert_id: str
    signal_id: str
    transition: Transition
    state: SignalState
    drug: str
    event: str
    rule: str
    counts: Table
    measures: tuple[Measure, ...]
    occurred_at: datetime
    link: str
    historical_only: int | None = None
    schema_version: int = ALERT_SCHEMA
    type: str = field(default="signal.transition")
