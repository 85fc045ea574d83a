"""What a rule of assertion is, in the manner of ConText.

A rule is a phrase, what it says (`category`), which side of it it speaks of (`direction`), of
which mention (`target`) and how far it reaches.

Patterns see text whose ASCII letters are in lower case and whose white space is single spaces'
worth of ` ` characters (a line break becomes one space, offsets stay). They are bounded: no `*` or
`+` over anything that another part of the pattern could match as well.

After Harkema et al., *ConText* (J Biomed Inform 2009; 42:839-851), whose phrases were the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from services.core.contracts import Assertion

MODAL = r"(?:may|might|can|could|will|would|shall)"
YEAR = r"(?:(?<![/\d-])(?:19[5-9]\d|20[0-4]\d)|['’]\d\d)"


class Direction(Enum):
    """Where the mentions stand that a phrase speaks of."""

    FORWARD = auto()
    """After the phrase."""
    BACKWARD = auto()
    """Before the phrase."""
    ANYWHERE = auto()
    """On either side."""
    TERMINATE = auto()
    """Nowhere: no phrase with a direction reaches across this one."""
    PSEUDO = auto()
    """Nowhere: it only looks like another phrase."""


class Target(Enum):
    """Which mention a phrase must reach."""

    EVENT = auto()
    EITHER = auto()
    """The drug or the event: it speaks of the causal link."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase and what it says.

    Attributes:
        pattern: a compiled alternative of phrases; matches whole words.
        category: what the phrase says, None for a pseudo-phrase; of a terminating phrase the
            category it ends, None if it ends all.
        direction: see `Direction`.
        target: see `Target`.
        reach: greatest number of characters between phrase and mention.
    """

    pattern: re.Pattern[str]
    category: Assertion | None
    direction: Direction
    target: Target = Target.EVENT
    reach: int = 400


def phrases(*alternatives: str) -> re.Pattern[str]:
    """Any of some phrases, as whole words."""
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(alternatives)})(?![a-z0-9])")
