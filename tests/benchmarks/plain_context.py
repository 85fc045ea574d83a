"""Plain ConText, for comparison: the published algorithm and its kind of phrases, nothing else.

After Harkema et al., *ConText* (J Biomed Inform 2009; 42:839-851): a trigger's scope runs from it
to the end of the sentence (backward triggers: to its beginning) or to a termination term;
pseudo-triggers have no scope. Contextual values: negated, hypothetical, historical, and another
experiencer. The event alone is looked at, the paper knows no relations, and no uncertainty: the
triggers of *possible* are those of pyConText's extension (Chapman et al., 2011).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.core.contracts import Assertion

_PSEUDO = re.compile(
    r"\b(?:no increase|no change|not cause|no further|gram negative|not certain (?:if|whether)|"
    r"not necessarily|without difficulty|not only|not drain|history (?:and|physical|taking)|"
    r"poor history|social history|by history|no significant change)\b",
    re.IGNORECASE,
)
_TERMINATION = re.compile(
    r"\b(?:but|however|nevertheless|yet|though|although|still|aside from|except|apart from|"
    r"secondary to|cause (?:for|of)|causes (?:for|of)|source (?:for|of)|origin (?:for|of)|"
    r"etiology (?:for|of)|which|presents?|presented|presenting|complains?|complained|"
    r"was found|noted|reports|reported|states|stated|because|since)\b",
    re.IGNORECASE,
)
_FORWARD: tuple[tuple[Assertion, re.Pattern[str]], ...] = (
    (
        Assertion.FAMILY,
        re.compile(
            r"\b(?:family history|fam hx|father|mother|brother|sister|aunt|uncle|grandmother|"
            r"grandfather|cousin)\b",
            re.IGNORECASE,
        ),
    ),
    (
        Assertion.NEGATED,
        re.compile(
            r"\b(?:no|not|without|den(?:y|ies|ied|ying)|absence of|free of|negative for|"
            r"no evidence (?:of|for|to suggest)|no signs? of|rather than|never|fails to reveal|"
            r"no complaints of|ruled out|rules out|unremarkable for|resolved|doesn'?t|didn'?t)\b",
            re.IGNORECASE,
        ),
    ),
    (
        Assertion.HYPOTHETICAL,
        re.compile(
            r"\b(?:if|return (?:for|if|to)|should (?:he|she|there|the patient)|as needed|come back "
            r"(?:for|to)|in case|risk (?:for|of)|look out for|monitor for)\b",
            re.IGNORECASE,
        ),
    ),
    (
        Assertion.UNCERTAIN,
        re.compile(
            r"\b(?:possible|possibly|probable|probably|likely|may be|might be|could be|"
            r"suspect(?:ed)?|suspicion (?:of|for)|question of|"
            r"rule out|r/o|evaluate for|concern for|"
            r"consistent with|suggests?|differential)\b",
            re.IGNORECASE,
        ),
    ),
    (
        Assertion.HISTORICAL,
        re.compile(
            r"\b(?:history|hx|h/o|previous(?:ly)?|past|prior|status post|s/p|years? ago|"
            r"in the past)\b",
            re.IGNORECASE,
        ),
    ),
)
_BACKWARD = re.compile(
    r"\b(?:was ruled out|is ruled out|are ruled out|has been ruled out|unlikely|free|was negative|"
    r"has been negative)\b",
    re.IGNORECASE,
)


def plain_context(
    text: str, sentences: Sequence[tuple[int, int]], event: tuple[int, int]
) -> Assertion:
    """The status of an event."""
    start, end = next(
        (item for item in sentences if item[0] <= event[0] < item[1]), (event[0], event[1])
    )
    before = _PSEUDO.sub(lambda match: " " * len(match.group()), text[start : event[0]])
    after = text[event[1] : max(end, event[1])]
    for status, triggers in _FORWARD:
        for trigger in triggers.finditer(before):
            if not _TERMINATION.search(before, trigger.end()):
                return status
    ruled_out = _BACKWARD.search(after)
    if ruled_out and not _TERMINATION.search(after, 0, ruled_out.start()):
        return Assertion.NEGATED
    return Assertion.AFFIRMED
