"""What the writer does not know."""

from __future__ import annotations

import re

from services.core.contracts import Assertion
from services.core.phrases.context import MODAL, Direction, Rule, Target, phrases

DOUBTS: tuple[Rule, ...] = (
    # Doubt.
    Rule(
        phrases(
            r"(?:may|might|could)(?: (?:also|still|well|in fact))?"
            r" (?:be|have|represent|reflect|relate|contribute)",
            r"likely|possible|possibly|possibility|probable|probably|presumed",
            r"presumably|perhaps|suspect(?:s|ed|ing)?|suspicio(?:n|us)|questionabl[ey]",
            r"question(?: of)?|(?:seems?|appears?|appeared|seemed) (?:to|that)|temporally",
            r"(?:thought|felt|believed|considered|assumed) to (?:be|have)|attributed by",
            r"unclear|uncertain|not (?:sure|certain|clear|known)|unsure|unknown|whether",
            r"differential(?: diagnosis)?|versus|vs|rule out|rule-out|r/o|to be ruled out",
            r"concern(?:ed|ing)? (?:for|that)|consider(?:ed|ing|ation)?|wonder(?:s|ed|ing)?",
            r"suggest(?:s|ed|ing|ive)?|consistent with|compatible with|work-?up for",
        ),
        Assertion.UNCERTAIN,
        Direction.FORWARD,
        Target.EITHER,
        reach=90,
    ),
    Rule(
        phrases(
            r"can(?:not| ?not) (?:be )?(?:\w{2,12} )?(?:exclude|excluded|rule out|ruled out)",
            r"(?:is|was|are|were|remains?) (?:suspected|possible|likely|probable|presumed)",
            r"(?:is|was|are|were|remains?) (?:unclear|uncertain|questionable|a possibility)",
            r"a possibility|in the differential|to be ruled out",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=60,
    ),
    Rule(
        phrases(
            r"(?:(?:most|very|quite|more) )?likely|possible|possibly|poss|probable|probably|"
            r"prob|perhaps",
            r"maybe|suspected|presumed|presumably|conceivabl[ey]|plausibl[ey]|in all likelihood",
            r"multifactorial|one of (?:the )?(?:candidates|suspects)|candidates?|"
            r"(?:prime )?suspects?",
            rf"{MODAL} (?:also |well |equally )?(?:do (?:it|this|that|so|the same)|"
            rf"have (?:done|played)"
            r"|be (?:the|a|due|from|part|it|this|related|contributing|responsible)|add|come from)",
            r"(?:may|might|could) (?:also |well |have )*(?:contribut|precipitat|worsen|"
            r"provok|unmask)(?:e|ed|ing)",
            r"i (?:think|believe|suspect|wonder|suppose|favou?r)|we (?:think|believe|suspect|"
            r"wonder)",
            r"(?:she|he|pt|patient|wife|mom|mother|daughter|son) (?:thinks|wonders|suspects|"
            r"blames)",
            r"favou?r(?:s|ed)?|culprit\?|top of (?:the |my )?list|heads (?:my|the) list|in part",
            r"working diagnosis|blamed for want of|versus|vs",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=45,
    ),
    Rule(
        re.compile(r"\?{1,3}(?![^ )\],.;])"),
        Assertion.UNCERTAIN,
        Direction.BACKWARD,
        Target.EITHER,
        reach=2,
    ),
    Rule(
        re.compile(r"(?<![^ (\[])\?{1,3}"),
        Assertion.UNCERTAIN,
        Direction.FORWARD,
        Target.EITHER,
        reach=40,
    ),
    # One of several drugs.
    Rule(
        phrases(
            r"one or (?:the )?other|any(?: one)? of",
            r"either of (?:which|these|those|them|the two)",
            r"either (?:drug|agent|one|medicine|medication|may|might|could|can|would)",
            r"several of (?:these|those|them|his|her)",
            r"one of (?:those|these) (?:two|three|drugs|medicines|medications|agents)",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=45,
    ),
    # Nobody knows.
    Rule(
        phrases(
            r"(?:anyone|anybody|anyone else)['’]s guess",
            r"(?:hard|difficult|impossible|too early|too soon) to (?:say|know|tell|judge|"
            r"attribute|blame)",
            r"no way (?:to|of) (?:know|tell|knowing|telling)",
            r"remains? to be (?:seen|proven|proved|shown)|open question|with no certainty",
            r"without certainty",
            r"(?:can(?:not|['’]t| not)|could(?: not|n['’]t)) (?:be )?(?:say|tell|be sure|be "
            r"certain|prove|proved|proven|swear|sort(?:ed)?)(?! (?:me|us|him|her))",
            r"(?:no one|nobody|none) (?:could|can) (?:say|tell|swear|be sure)",
            r"not (?:sure|clear|certain|known) which|unclear which",
            r"(?:do|does|did) not know which",
            r"which (?:one|of (?:them|these|the two)) (?:it )?(?:is|was)",
            r"not (?:yet )?(?:proven|proved|established|confirmed)(?: but possible)?",
            r"unproven|unconfirmed",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=80,
    ),
    # We will see.
    Rule(
        phrases(
            r"(?:will|shall|['’]ll|to|and|can|me|us|would) see (?:if|whether)",
            r"we (?:shall|will|['’]ll) see",
            r"see (?:if|whether) (?:it|this|that|they|these|the|her|his|symptoms?|things)",
            r"(?:trial|period) (?:off|without)(?: of)?",
            r"trial of (?:stopping|discontinuation|withdrawal|holding)|drug holiday",
            r"(?:stop|hold|stopping|holding)(?: it| this| the [a-z-]{3,20})? (?:and|to) "
            r"(?:see|observe|reassess)",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=60,
    ),
    # Until proven otherwise.
    Rule(
        phrases(
            r"(?:until|till|unless) (?:[a-z]{2,12} ){1,3}otherwise",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=70,
    ),
    # It will not have helped.
    Rule(
        phrases(
            r"(?:probably |likely |surely |certainly |may |might )?(?:did|does|do|has|have|"
            r"had|will|would|could|can|may|might|is|are|was|were)(?:n['’]t| not) "
            r"(?:probably |likely |be |have |been |exactly )?help(?:ed|ing)? (?:matters|"
            r"either|things)",
            r"(?:don['’]t|do not|doubt) (?:think |that )?(?:it|this|that|they|these|those|"
            r"the [a-z-]{3,20}) (?:is|are|was|were|has|have|did) (?:been )?help(?:ing|ed)?",
            r"(?:cannot|can['’]t|won['’]t|will not|wouldn['’]t|would not|hardly) have helped",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=45,
    ),
    # A first thought.
    Rule(
        phrases(
            r"better explained by",
            r"(?:my|our|the) (?:first|leading|main|working|best|chief|top|prime|strongest|"
            r"own|other) (?:thought|guess|suspicion|suspect|diagnosis|hypothesis|concern|"
            r"impression|consideration|bet|explanation|theory|possibility|candidate|"
            r"contender|worry)",
            r"my (?:guess|hunch|bet|money|suspicion|feeling|sense|inclination|hypothesis|"
            r"theory|vote)",
            r"(?:better|best) guess|leads? (?:the|my) list",
            r"(?:top|head|high) (?:of|on) (?:the|my|our) (?:list|differential)",
            r"heads? (?:the|my) list|(?:looks?|seems?|sounds?|appears?) to me",
            r"to my (?:eye|mind|way of thinking)|as i see it",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=70,
    ),
    # A word and a question mark.
    Rule(
        phrases(
            r"[a-z]{1,14}\?{1,3}",
        ),
        Assertion.UNCERTAIN,
        Direction.BACKWARD,
        Target.EITHER,
        reach=1,
    ),
    # Told that it may be; it hides *told*.
    Rule(
        phrases(
            r"(?:told|explained|informed|mentioned|discussed|advised|said|aware|"
            r"understands?)(?: (?:to )?[^ .;:]{1,20}){0,3}? that(?: [^ .;:]{1,20}){1,8}? "
            r"(?:(?:may|might|could) (?:also |very |well |possibly ){0,2}(?:be (?:related|"
            r"due|a result|the result|caused|secondary|from|attributable|a side effect|an "
            r"effect|because|linked|associated|explained|partly|in part|the|part)|have "
            r"(?:been|contributed|caused|come)|(?:stem|arise|come|result) from|represent|"
            r"reflect|contribute)|(?:is|are|was|were) (?:very |quite |most |more |highly "
            r")?(?:likely|probably|possibly|presumably|perhaps|possible|probable))",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=90,
    ),
    # Cannot be dismissed.
    Rule(
        phrases(
            r"can(?:not|['’]t| not) (?:be )?(?:entirely |wholly |altogether |completely |"
            r"quite |fully |yet )?(?:dismiss(?:ed)?|discount(?:ed)?|exonerated?|absolved?|"
            r"acquit(?:ted)?|ignored?|cleared|excused|overlook(?:ed)?|let off)",
            r"(?:hard|difficult|impossible) to (?:dismiss|discount|exclude|rule out|ignore)",
            r"not (?:impossible|inconceivable|improbable|unlikely|excluded|out of the "
            r"question|implausible)",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=70,
    ),
    # Almost surely.
    Rule(
        phrases(
            r"almost (?:surely|certainly)|in all (?:probability|likelihood)",
            r"for all the world|(?:most|very|quite) probably|as like as not",
            r"more likely than not|odds are|chances are",
        ),
        Assertion.UNCERTAIN,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=60,
    ),
)
