"""From the cases of a signal to what it is ranked by."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from services.core.contracts import Pair
from services.core.ranking import Evidence
from services.core.seriousness import is_serious
from services.core.statistics_ports import PairCase

WANTED = ("sex", "age_years", "note_type")
"""Items that a complete case has."""


def evidence_of(
    pair: Pair,
    cases: Sequence[PairCase],
    *,
    ic_lower: float | None,
    serious_events: AbstractSet[str] = frozenset(),
) -> Evidence:
    """What is known of a signal.

    Args:
        pair: the drug and the event.
        cases: of the pair.
        ic_lower: lower limit of its IC; None if there is none.
        serious_events: concepts that are always serious.
    """
    present = [getattr(case, item) for case in cases for item in WANTED]
    serious = [is_serious(pair.event, case.texts, serious_events=serious_events) for case in cases]
    return Evidence(
        pair=pair,
        ic_lower=ic_lower,
        newest_case=max((case.first_at for case in cases), default=None),
        units=len({source for case in cases for source in case.sources}),
        completeness=_share(present),
        serious=_share(serious),
    )


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers) if answers else 0.0
