"""In which order a reviewer should look at signals, and why.

The score of a signal is a weighted mean of six parts, each in 0..1 and each shown:

    disproportionality   1 - 2^-max(0, lower): `lower` the lower limit of IC; ½ where it is 1, that
                         is where at least twice as many cases came as expected
    recency              2^-(days since the newest case / 90)
    breadth              1 - 1/u: u the reporting units (wards, clinics) with a case; 0 for none
    completeness         the mean share of the wanted items that the cases have
    seriousness          the share of cases that are serious
    novelty              1 if the pair is on no list of known effects, else 0

Sources: the predictors are those of vigiRank (Caster et al., Drug Saf 2014;37:617-628) and of
triage by impact (van Puijenbroek et al., Br J Clin Pharmacol 2001;52:579-586); weights and curves
are ours and not fitted to outcomes, so the score orders a list and is no probability.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.core.contracts import Pair

HALF_LIFE = timedelta(days=90)

WEIGHTS: Mapping[str, float] = {
    "disproportionality": 0.30,
    "recency": 0.15,
    "breadth": 0.15,
    "completeness": 0.10,
    "seriousness": 0.20,
    "novelty": 0.10,
}
"""What each part counts for; they add up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a signal's cases.

    Attributes:
        pair: the drug and the event.
        ic_lower: lower limit of the pair's IC; None if there is none.
        newest_case: time of the newest case; None if there is no case any more.
        units: distinct reporting units with a case.
        completeness: mean share of wanted items present, 0..1.
        serious: share of cases that are serious, 0..1.
    """

    pair: Pair
    ic_lower: float | None
    newest_case: datetime | None
    units: int
    completeness: float
    serious: float

    def __post_init__(self) -> None:
        if self.units < 0:
            raise ValueError("units is negative")
        for name in ("completeness", "serious"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is not in 0..1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """A signal's score in 0..1, with the parts it is made of."""

    pair: Pair
    score: float
    parts: Mapping[str, float] = field(hash=False)


def rank(
    evidence: Iterable[Evidence], *, now: datetime, known: frozenset[Pair] = frozenset()
) -> list[Rank]:
    """Signals by descending score; equal ones by name.

    Args:
        evidence: one for each signal.
        now: against which recency is measured.
        known: pairs on a label or another list of known effects.
    """
    ranks = [_rank(one, now=now, known=known) for one in evidence]
    return sorted(ranks, key=lambda one: (-one.score, one.pair))


def _rank(evidence: Evidence, *, now: datetime, known: frozenset[Pair]) -> Rank:
    parts = {
        "disproportionality": _disproportionality(evidence.ic_lower),
        "recency": _recency(evidence.newest_case, now),
        "breadth": 1.0 - 1.0 / evidence.units if evidence.units else 0.0,
        "completeness": evidence.completeness,
        "seriousness": evidence.serious,
        "novelty": 0.0 if evidence.pair in known else 1.0,
    }
    score = sum(WEIGHTS[name] * value for name, value in parts.items())
    return Rank(pair=evidence.pair, score=score, parts=parts)


def _disproportionality(ic_lower: float | None) -> float:
    return 0.0 if ic_lower is None else 1.0 - 2.0 ** -max(0.0, ic_lower)


def _recency(newest_case: datetime | None, now: datetime) -> float:
    if newest_case is None:
        return 0.0
    # A case dated ahead of our clock is as new as can be.
    return float(2.0 ** -(max(timedelta(0), now - newest_case) / HALF_LIFE))
