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
)
