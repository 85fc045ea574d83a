"""What only looks like a negation or the like, and where the reach of a phrase ends."""

from __future__ import annotations

import re

from services.core.contracts import Assertion
from services.core.phrases.context import YEAR, Direction, Rule, phrases

LIMITS: tuple[Rule, ...] = (
    # What only looks like a negation, or hides one that is none.
    Rule(
        phrases(
            r"no (?:further|more|longer|doubt|question)",
            r"no (?:change|increase|improvement|relief|help|effect)",
            r"not (?:only|just|been able to tolerate|able to tolerate|tolerat(?:e|ed|ing))",
            r"(?:did|does|could|can|would|cannot) ?(?:not )?tolerate|unable to tolerate",
            r"(?:didn|doesn|couldn)['’]t tolerate",
            r"not (?:taking|on|given|compliant|working|effective)",
            r"without (?:relief|success|improvement|benefit|help)",
            r"risk factors?|(?:reduc|lower|decreas)(?:e|es|ed|ing) the risk",
            r"(?:advised|counsell?ed|instructed|told|asked) (?:\w{2,10} )?to (?:stop|hold)",
            r"family (?:physician|practice|doctor|medicine|meeting)",
            r"(?:he|she|patient|pt|they|wife|husband|who) (?:told|explained|mentioned|discussed)",
            r"(?:told|mentioned to) (?:me|us|the (?:nurse|doctor))|no idea|no one|nothing else",
            r"if (?:anything|not|need(?:ed)?|tolerated|ok|so)|may (?:continue|resume|restart|"
            r"be given)",
            rf"(?:since|started|begun|began|from|diagnosed|dx|aged?|until|due|repeat(?:ed)?)"
            rf" (?:in )?(?:\w{{3,9}} )?{YEAR}",
            rf"{YEAR} ?(?:mg|mcg|ml|units?|cc|cal)",
        ),
        None,
        Direction.PSEUDO,
    ),
    # Where the reach of a phrase ends.
    Rule(
        phrases(
            r"but|however|except|although|though|nevertheless|yet",
            r"developed|developing|present(?:s|ed|ing) with|complicated by",
            r"reports|reported|complains|complained|admits|endorses|notes|experienced",
            r"stopped|discontinued|switched|changed to|now|currently|today|on this admission",
        ),
        None,
        Direction.TERMINATE,
    ),
    Rule(re.compile(r";"), None, Direction.TERMINATE),
    Rule(
        phrases(
            r"because(?: of)?|since|after|while|when|until",
            r"resulting in|resulted in|led to|leading to|causing|caused",
            r"(?:which|that|who|and|then|he|she) (?:has|had|was|were|became)",
        ),
        Assertion.NEGATED,
        Direction.TERMINATE,
    ),
)
