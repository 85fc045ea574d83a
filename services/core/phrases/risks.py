"""What may happen: risks and talks about them, and what a drug can do."""

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
            r"(?:understands?|knows?|aware|accepts?)(?: (?:about|of|that|the))?",
            r"any (?:new|signs? of)|guard against|look(?:ing)? out|mindful of|"
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
    # A modal and what a drug does.
    Rule(
        phrases(
            r"(?:may|might|can|could)(?: (?:also|still|well|even|easily|rarely|sometimes|"
            r"occasionally|often|only|itself|themselves|just|then|at first|very well|in "
            r"turn|too)){0,2} (?:raise|lower|drop|bring(?: on| out| about| back)?|give|make|"
            r"leave|set off|touch off|spark|provoke|precipitate|worsen|aggravate|exacerbate|"
            r"unmask|affect|harm|damage|hurt|become|turn|burn|increase|decrease|reduce|slow|"
            r"cloud|muddle|thin|stop|shut|block|close|"
            r"whiten|impair|irritate|upset|constipate|finish|end in|come with|pull|push|"
            r"send|tip|prolong|interfere|promote|predispose|suffer|run into|lead|result in|"
            r"cause|trigger|induce|produce)",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=60,
    ),
    # A modal right before the event.
    Rule(
        phrases(
            r"(?<!\bin )(?<!\bsince )(?<!\blast )(?<!\bof )(?<!\bby )(?:may|might|can|could)(?: "
            r"(?:also|"
            r"still|"
            r"well|even|easily|rarely|sometimes|occasionally|often|only|itself|themselves|just|"
            r"then|at first|very well|in turn|too)){0,2}",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=1,
    ),
    # A relative who is told is no family history.
    Rule(
        phrases(
            r" ?(?:his |her |the |their )?(?:parents?|mother|father|mom|mum|dad|son|"
            r"daughter|wife|husband|sister|brother|family|carers?|guardian|grandmother|"
            r"grandfather)(?: (?:and|or) (?:the |his |her )?\w{3,12})?(?: also| both)? "
            r"(?:was|were|is|are|has been|have been|had been) (?:also |both )?(?:told|"
            r"warned|advised|instructed|informed|counsell?ed|cautioned|taught|reminded|"
            r"educated|asked to (?:watch|look|call|return|report))(?: to expect| to look(?: "
            r"out)? for| to watch for| that| of| about)?",
            r"(?:told|warned|advised|reminded|informed|counsell?ed|instructed|cautioned|"
            r"explained to) (?:the |his |her |their )?(?:parents?|mother|father|mom|mum|dad|"
            r"son|daughter|wife|husband|sister|brother|family|carers?|guardian|grandmother|"
            r"grandfather)(?: that)?",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=300,
    ),
    # Liable to.
    Rule(
        phrases(
            r"(?:is|are|be|was|were|being) (?:apt|liable|prone|able|bound|inclined|known(?: "
            r"\w{2,10}){0,4}) to (?:give|make|cause|set off|bring(?: on)?|lead to|raise|"
            r"lower|provoke|worsen|trigger|produce|induce|precipitate|increase|drop)",
            r"(?:is|are|be|would be) (?:apt|liable|prone) to",
            r"tends? to (?:cause|give|make|produce|raise|lower|bring(?: on)?|worsen|increase)",
            r"ha(?:s|ve) a tendency to",
            r"can (?:also |sometimes |well )?be (?:responsible|to blame) for",
            r"can be (?:brought on|provoked|precipitated|set off) by",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=60,
    ),
    # Spoken about.
    Rule(
        phrases(
            r"(?:i|we|she|he)?(?: have| had|['’]ve|['’]ll| will)? ?(?:spoke|spoken|talked|"
            r"speak|talk|speaking)(?: with| to)?(?: (?:him|her|them|the (?:patient|parents|"
            r"family|mother|wife|husband)|mrs?|ms|pt|patient))?(?: at length| frankly| "
            r"briefly| also| today)? (?:about|of|regarding|concerning|re)",
            r"(?:went|gone|go|going|run|ran) (?:through|over)(?: the)?(?: \w{3,12})? (?:risks?|"
            r"side effects?|leaflet|list|benefits)",
            r"(?:remind(?:ed)?|impress(?:ed)?)(?: (?:him|her|them|us|upon|on|the (?:patient|"
            r"family|parents))){1,2} (?:of|about|that)",
            r"(?:i|we|dr|doctor|nurse|pharmacist)(?: have| had)? (?:pointed out|stressed|"
            r"emphasi[sz]ed|laid out|set out|outlined)(?: that| the)?",
            r"(?:cautioned about|alerted to)(?: the)?",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=120,
    ),
    # Rarely, commonly.
    Rule(
        phrases(
            r"(?:very |more |less |most |rather )?(?:rarely|commonly|uncommonly|infrequently)",
            r"in rare cases",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=12,
    ),
    # What somebody may get.
    Rule(
        phrases(
            r"(?:he|she|they|pt|patient) (?:may|might|could) (?:also |well |still )?(?:get|feel|"
            r"notice|see|experience|develop)",
            r"(?:you|newborn|baby|infant|child) (?:may|might|could) (?:also |well |still )?(?:have|"
            r"get|feel|notice|see|experience|develop|be)(?! (?:been|had|developed|experienced|"
            r"taken|caused|got|gotten|reacted|suffered|received|having|due|from))",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=30,
    ),
    # Asked or read about.
    Rule(
        phrases(
            r"asked(?: me| us)? (?:about|re|regarding|of)(?: the)?",
            r"(?:has |had )?(?:read|heard) (?:about|of)|questions? (?:about|re|regarding)",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=40,
    ),
)
