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
    # Explained by a drug, not to somebody.
    Rule(
        phrases(
            r"(?:(?:is|are|was|were|be|been|best|fully|well|all|entirely|largely|easily|"
            r"readily|partly) ){0,3}explained (?:by|as|on the basis of|away by|in terms of)",
        ),
        None,
        Direction.PSEUDO,
    ),
    # What was told of is there already.
    Rule(
        phrases(
            r"(?:i|we|i have|i['’]ve|was|were|been|and|then|also|he|she|had|dr) (?:again |"
            r"then |also )?(?:told|explained|informed|advised|assured|reassured|agreed)(?: "
            r"to)?(?: (?:him|her|them|the (?:patient|family|parents|mother|wife|husband)|"
            r"his wife|her husband|both|pt|patient))?(?: (?:frankly|plainly|again|today|"
            r"honestly))?(?: that)?(?= (?:[^ .;:]{1,20} ){1,6}(?:(?:is|are|was|were|has "
            r"been|had been|have been) (?:almost certainly |certainly |clearly |no doubt |"
            r"all |both |indeed |definitely )?(?:due to|caused by|from|because of|the "
            r"result of|a result of|a consequence of|brought on by|secondary to|the work of|"
            r"the fault of)|(?:was|were|had been) an? (?:[^ .;:]{1,20} ){0,3}(?:reaction|"
            r"effect|toxicity)|(?:came|comes|come|had come|stems|stemmed|arose) from))",
            r"(?:i|we) (?:told|explained to) (?:him|her|them|the patient)(?: that)? (?:i|"
            r"we) (?:take|blame|hold|attribute|ascribe|put)",
        ),
        None,
        Direction.PSEUDO,
    ),
    # A remark on an event that is there.
    Rule(
        phrases(
            r"(?:was|were) (?:almost |only |quite )?to be expected(?: (?:with|from|after|of|"
            r"given))?",
            r"(?:long|both|long since) accepted",
            r"(?:both|all|each)(?: (?:are|is|were))? (?:well )?(?:known|described|"
            r"recogni[sz]ed|reported|typical|common|usual|expected)(?: (?:with|of|from|for|"
            r"to|after))?",
        ),
        None,
        Direction.PSEUDO,
    ),
    # A relative who only speaks.
    Rule(
        phrases(
            r"(?:his|her|their|my|the|a|an|one)? ?(?:(?:grand)?(?:mother|father|mum|ma|pa)|"
            r"mom|mum|mama|mommy|dad|daddy|papa|sister|brother|siblings?|aunt|auntie|uncle|"
            r"cousin|niece|nephew|daughter|son|parents?|relatives?|grandparents?|"
            r"twin)(?:(?:, who [^.,;]{1,25},)? (?:recalls?|recalled|remembers?|remembered|"
            r"observe[sd]|sees|finds?(?= (?:him|her|no|that))|has (?:seen|noticed|"
            r"observed|found)|have (?:seen|noticed)|had (?:noticed|observed)|(?:does|did|"
            r"do)(?= not (?:think|believe|notice|see|recall|report|feel|find|remember))|"
            r"(?:has|have|had)(?= not (?:seen|noticed|observed|found)))|,? having (?:raised|"
            r"asked|mentioned|noticed|noted|reported|read|heard|expressed))",
            r"(?:his|her|their|my|the|a|an|one)? ?(?:mom|mum|mother|dad|father|parents?|"
            r"daughter|son): (?:on|started|pt|child|he|she|baby|kid|is|since|gave|wants|"
            r"asks|worried|thinks|says)",
        ),
        None,
        Direction.PSEUDO,
    ),
    # Knowing and seeming that say nothing of the event.
    Rule(
        phrases(
            r"(?:(?:does|did|do|would|will|could) not|(?:does|did|do|would|could)n['’]t|you|"
            r"i|we|they|as (?:you|we)) know(?: (?:about|of|that|the|it|how|what|why|"
            r"whether))?",
            r"as if|as though",
        ),
        None,
        Direction.PSEUDO,
    ),
)
