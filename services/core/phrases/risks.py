"""What may happen: risks and talks about them, conditions and precautions."""

from __future__ import annotations

from services.core.contracts import Assertion
from services.core.phrases.context import MODAL, Direction, Rule, Target, phrases

_HARM = (
    r"(?:side effects?|toxicit(?:y|ies)|adverse (?:effects?|events?|reactions?)|complications?|"
    r"reactions?)"
)
_WORDS = r"(?: [^ .;:]{1,20}){0,6}"

RISKS: tuple[Rule, ...] = (
    # Risks and talks about them.
    Rule(
        phrases(
            r"risks?",
            rf"(?:potential|possible|known|common|usual|reported|serious|expected) {_HARM}",
            rf"{_HARM}{_WORDS} (?:discussed|explained|reviewed|described|outlined)",
            rf"{_HARM}{_WORDS} (?:include|including|such as)",
            rf"(?:discuss|explain|review|describ|outlin)(?:e|ed|ing){_WORDS} {_HARM}",
            r"(?:warn|counsell?|caution|educat|inform)(?:ed|ing|s)?(?: [^ .;:]{1,20}){0,3}?"
            r" (?:about|of|on|regarding|that|against|for)",
            r"(?:watch|monitor|look|observe|check|screen|alert)(?:ed|ing)?"
            r"(?: (?:out|closely|carefully|him|her|them|patient|the patient)){0,2} for",
            r"(?:isolated|known) cases?(?: reported)?",
            r"(?:told|explained|informed|aware|knows?|understands?)(?! (?:me|us|to me|to us) )"
            r"(?: [^ .;:]{1,20}){0,3}? that",
            r"explained|could get|can get|may get|might get|look out for",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=300,
    ),
    Rule(
        phrases(
            r"(?:known |potential |possible |increased )?(?:risks?|side effects?)|precautions?",
            r"(?:is|are) (?:a |an )?(?:rare|uncommon|common|frequent|usual|known|well known)",
            r"to be expected|can be expected|(?:is|are) expected",
        ),
        Assertion.HYPOTHETICAL,
        Direction.BACKWARD,
        reach=50,
    ),
    Rule(
        phrases(
            r"(?:can|could|may|might|would|will|sometimes|also|usually|often|typically)"
            r" (?:\w{3,12} )?(?:cause|increases?|lead to|result in|produce|induce|trigger)",
            r"(?:can|could|may|might) be (?:seen with|caused by|triggered by|made worse by)",
            r"(?:can|may|could|might) (?:be brought on|occur|happen)|known to cause",
            r"not recommended|consent(?:ed)?|counsell?ing",
        ),
        Assertion.HYPOTHETICAL,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=120,
    ),
    Rule(
        phrases(
            r"told|mentioned|explained|discussed|covered|talk(?:ed)?(?: about| of)?|teaching|"
            r"taught",
            r"advised?|warn(?:ed|ing|s)?|beware|expect(?:s|ed)?|leaflet|counsel(?:l?ing|led|ed)?",
            r"worr(?:y|ies|ied)|afraid|fears?|feared|frightened|scared|anxious about|nervous about",
            r"(?:watch|hold|stop|call|ring|come|return|contact|seek|page)"
            r"(?: \w{1,10}){0,3}? (?:if|for|should|with any|at the first)",
            rf"{MODAL} (?!be |have |also |well |still |represent|reflect|relate|contribute|"
            rf"add |come |"
            r"not |do |cause|tolerate|get by|take |wait)(?:\w{3,12} )?",
            r"(?:understands?|knows?|aware|accepts?)(?: (?:about|of|that|the))?",
            r"any (?:new |sign of |signs of )?|guard against|look(?:ing)? out|mindful of|"
            r"because of the"
            r" (?:risk|danger|chance)",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=140,
    ),
    Rule(
        phrases(
            r"(?:was |were |is |are |been )?(?:explained|discussed|mentioned|covered|talk(?:ed)?"
            r"|reviewed with|accepted)",
            r"rare(?:ly)?|typical(?:ly)?|uncommon(?:ly)?|(?:to be|must be) (?:watched|monitored)",
            r"(?:is|are|was|were) (?:a |the )?(?:concern|worry|danger|class warning|price|"
            r"possibility)",
            r"(?:has|have) been (?:described|reported|associated|seen)(?: with)?|can follow|"
            r"if (?:it|she"
            r"|he|they|stopped|missed|given|combined)|described",
            rf"{MODAL} (?:occur|happen|recur|worsen|follow|return|come back)",
        ),
        Assertion.HYPOTHETICAL,
        Direction.BACKWARD,
        reach=60,
    ),
    # Conditions and precautions.
    Rule(
        phrases(
            r"to (?:prevent|avoid|minimi[sz]e|reduce|decrease)|prevent(?:ion of|ing|s)?",
            r"avoid(?:ing)?|propensity (?:for|to)|potential for|potentially|for fear of|fear of",
            r"if|unless|in case of|in the event of|worr(?:y|ied) about",
            r"should (?:he|she|you|they|the patient|there)|concerns? (?:about|regarding)",
            r"(?:call|return|come back|seek|notify|contact)(?: [^ .;:]{1,20}){0,6}"
            r" (?:if|for|should|with)",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=120,
    ),
)
