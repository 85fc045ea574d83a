"""Whether a case is serious, for the ranking of signals.

A case counts as serious if its event is on a list of serious events, or if the evidence has a cue
of one of the criteria of ICH E2A: death, threat to life, hospital, lasting damage, birth defect.
Cues are words, not understanding: "no hospitalisation" counts as well. The share of serious cases
orders a list; it is not a regulatory assessment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

CUES = (
    r"died", r"dies", r"death", r"fatal\w*", r"deceased", r"expired", r"passed away",
    r"life[- ]threatening", r"cardiac arrest", r"anaphyla\w+", r"resuscitat\w+", r"intubat\w+",
    r"hospitali[sz]\w+", r"admitted", r"admission", r"readmi\w+", r"inpatient", r"intensive care",
    r"icu", r"emergency (?:department|room)", r"transferred to",
    r"disab\w+", r"incapacitat\w+", r"permanent\w*", r"irreversib\w+",
    r"congenital", r"birth defects?", r"malformation\w*",
)  # fmt: skip
"""Regular expressions of whole words, in lower case."""

_CUE = re.compile(rf"\b(?:{'|'.join(CUES)})\b", re.IGNORECASE)


def is_serious(
    event: str, texts: Iterable[str], *, serious_events: AbstractSet[str] = frozenset()
) -> bool:
    """Judge one case.

    Args:
        event: the concept of the pair's event.
        texts: evidence of the case.
        serious_events: concepts that are always serious.
    """
    return event in serious_events or any(_CUE.search(text) for text in texts)
