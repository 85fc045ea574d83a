"""What is done lest something happens: conditions, precautions and watching."""

from __future__ import annotations

from services.core.contracts import Assertion
from services.core.phrases.context import Direction, Rule, Target, phrases

CAUTIONS: tuple[Rule, ...] = (
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
    # To be avoided.
    Rule(
        phrases(
            r"(?:is|are|was|were|to|should|must|best) (?:to )?(?:be )?avoided",
            r"(?:is|are) forbidden",
            r"(?:is|are) not to be (?:used|given|combined|repeated|started)",
            r"(?:i|we) would (?:not|never) (?:use|give|prescribe|start|choose|combine|offer|"
            r"continue)",
            r"would not (?:use|give|prescribe|start|combine|continue)",
            r"(?:will|to) be left out|ask(?:ed)? you not to (?:give|use|prescribe)",
            r"(?:stay|steer|keep) (?:clear|away|well clear) (?:of|from)",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        Target.EITHER,
        reach=60,
    ),
    # Lest.
    Rule(
        phrases(
            r"lest|so as not to|in order not to|for fear(?: of| that)?",
            r"to spare (?:him|her|them|the \w{4,8})|to guard against|guarding against",
            r"so (?:that )?(?:he|she|they) (?:does|do) not (?:get|become|develop|have)",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=60,
    ),
    # Checked for.
    Rule(
        phrases(
            r"(?:weekly|monthly|daily|yearly|annually|quarterly|every (?:\w{2,8} )?(?:week|"
            r"month|day|hour|visit|year)s?|(?:a|one|two|\d) (?:week|month|day)s? from now|"
            r"in (?:a|one|two|\d{1,2}) (?:week|month|day)s?),? (?:for(?: the sake of)?(?! "
            r"(?:\d|an?|"
            r"the (?:last|past)|one|two|three|four|five|six|ten|several|many|some)(?![a-z]))|to "
            r"(?:look|check|watch) for|looking for|with a view to)",
            r"with (?:a view|an eye) to|an eye (?:kept )?(?:on|out for)|for the sake of",
            r"on the lookout for",
            r"(?:on guard|vigilan(?:t|ce)|alert|surveillance|screen(?:ing|ed)?) (?:for|"
            r"against|to)",
            r"attention (?:must|should|has to|needs to|to) be (?:paid|given) to",
            r"(?:will )?need(?:s)? (?:close |careful )?(?:watching|monitoring|checking|"
            r"surveillance),? for",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=40,
    ),
    # What is feared.
    Rule(
        phrases(
            r"is what (?:i|we)(?: am|['’]m| would be| are|['’]re)? (?:looking out for|"
            r"guarding against|worried about|afraid of|watching for|watching|fear|worry "
            r"about|want to avoid)",
            r"(?:is |are |was |were )?to be (?:feared|anticipated|looked for|looked out for|"
            r"reckoned with|borne in mind|watched for|checked for|kept in mind|counted on|"
            r"guarded against)",
            r"(?:must|need to|needs to|has to|should) be (?:borne in mind|kept in mind|"
            r"watched for|looked for|anticipated|reckoned with)",
            r"(?:will |would )?bears? watching|(?:will|to) need watching",
        ),
        Assertion.HYPOTHETICAL,
        Direction.BACKWARD,
        reach=60,
    ),
    # Watch the event.
    Rule(
        phrases(
            r"(?:watch|(?:will|to|and|then|please|must) (?:monitor|mind))(?: (?:the|his|her|plt|"
            r"platelets|k|na|cr|bp|hr|sugars?|weight|lfts?|creatinine))?(?: ?\()?(?= |\()",
            r"(?:watch|check|monitor) (?:\w{1,12}[ /]){1,2}(?=\()",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=2,
    ),
    # Held for a while before.
    Rule(
        phrases(
            r"(?:hold|stop|omit|pause|leave out|skip|withhold)(?: on| for)? (?:(?:\d{1,2}|one|two|"
            r"three|four|five|seven) ?(?:d|days?|wks?|weeks?|h|hrs?|hours?)|the (?:day|morning|"
            r"evening|night) (?:before|of))(?: (?:before|prior|preop|pre-op|of (?:surgery|"
            r"operation|procedure|the operation)))?",
        ),
        Assertion.HYPOTHETICAL,
        Direction.FORWARD,
        reach=30,
    ),
)
