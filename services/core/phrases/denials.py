"""The event did not happen, or the drug did not cause it."""

from __future__ import annotations

from services.core.contracts import Assertion
from services.core.phrases.context import Direction, Rule, Target, phrases

DENIALS: tuple[Rule, ...] = (
    # The event did not happen.
    Rule(
        phrases(
            r"no|nor|without|absence of|free of|negative for|lack of|never",
            r"no (?:evidence|signs?|symptoms?|history|complaints?|reports?|known history)"
            r" (?:of|for)",
        ),
        Assertion.NEGATED,
        Direction.FORWARD,
        reach=90,
    ),
    Rule(
        phrases(
            r"den(?:ies|ied|ying|y)",
            r"(?:did|does|has|have|had|do|is|was|were|are) not"
            r"(?: (?:yet|currently|really|ever))?"
            r"(?: (?:have|having|develop(?:ed)?|experience[ds]?|experiencing|show[ns]?"
            r"|appear to be|noted?|noticed?|reported?|suffer(?:ed)?|seen))?",
            r"(?:didn|doesn|hasn|haven|hadn|isn|wasn)['’]t(?: (?:had|have|develop(?:ed)?))?",
            r"never (?:developed|experienced|had|caused|gave|given)",
        ),
        Assertion.NEGATED,
        Direction.FORWARD,
        reach=160,
    ),
    Rule(
        phrases(
            r"(?:has|have|had|was|were|is|are) (?:been )?(?:ruled out|excluded|denied|absent)",
            r"(?:was|were|is|are) not (?:seen|present|noted|observed|reported|found)",
            r"did not (?:occur|develop|happen|recur)",
        ),
        Assertion.NEGATED,
        Direction.BACKWARD,
        reach=60,
    ),
    # The drug did not cause it.
    Rule(
        phrases(
            r"not (?:felt|thought|believed|considered|likely) to be"
            r" (?:due|related|secondary|caused|from)",
            r"(?:not|never|nothing) (?:\w{2,12} )?"
            r"(?:due|related|secondary|attributed|attributable|linked) to",
            r"unrelated to|not (?:\w{2,12} )?caused by|no relation(?:ship)? to|not from",
            r"(?:did|does) not (?:cause|lead to|result in|produce|trigger)",
            r"nothing to do with|non-?contributory|unlikely|not (?:be |been )?explained by",
            r"no (?:evidence|indication|suggestion) that",
        ),
        Assertion.NEGATED,
        Direction.FORWARD,
        Target.EITHER,
        reach=90,
    ),
    # Not, right before the event.
    Rule(
        phrases(
            r"not(?: a| an| any| the| really| truly| true| overtly| frankly| clinically| "
            r"yet| at all| the least bit)?",
        ),
        Assertion.NEGATED,
        Direction.FORWARD,
        reach=1,
    ),
    # The answer after the mention.
    Rule(
        phrases(
            r"no(?= ?[,;:)]| ?\.(?! ?\d)| ?$)",
        ),
        Assertion.NEGATED,
        Direction.BACKWARD,
        Target.EITHER,
        reach=3,
    ),
    # The drug is acquitted.
    Rule(
        phrases(
            r"(?<!not )(?<!hardly )(?:acquit(?:ted)?|exonerated?|absolved?|off the hook|"
            r"cleared of blame|exculpated)(?: (?:it|them|this|that))?(?: of| from)?",
            r"(?<!not )(?<!hardly )(?:innocent(?! (?:\w{3,12} )?murmur)(?: of| bystanders?)?|"
            r"blameless|guiltless|a bystander|(?:beyond|above) suspicion)",
        ),
        Assertion.NEGATED,
        Direction.BACKWARD,
        Target.EITHER,
        reach=40,
    ),
)
