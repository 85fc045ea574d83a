"""What the words of a note say of a relation: rules as data, in the manner of ConText.

A rule is a phrase, what it says (`category`), which side of it it speaks of (`direction`), of
which mention (`target`) and how far it reaches. `services.core.assertion` reads them.

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

VERSION = "context-2"
"""Changes whenever any text could get another assertion."""


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


def _phrases(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(alternatives)})(?![a-z0-9])")


_RELATIVE = (
    r"(?:grand)?(?:mother|father|mum|ma|pa)|mom|mum|dad|sister|brother|siblings?|aunt|uncle|cousin|"
    r"niece|nephew|daughter|son|parents?|relatives?|grandparents?|twin|family members?"
)
_SPEAKS = (
    r"(?:also |now |who |has |had )*(?:reports?|reported|notic(?:ed|es)|noted|states?|stated|"
    r"says?|said|"
    r"thinks?|"
    r"thought|brought|brings|called?|gives|gave|manages|lists?|translat|wants?|complain|saw|found|"
    r"tells|told|feels?|felt|asks?|asked|describes?|confirms?|agrees?|understands?|informed|aware|"
    r"concern|worr|present|interpret|at bedside|on phone|phoned|rang|knows?|will|to )"
)
_MODAL = r"(?:may|might|can|could|will|would|shall)"
_YEAR = r"(?:(?<![/\d-])(?:19|20)\d\d|['’]\d\d)"
_HARM = (
    r"(?:side effects?|toxicit(?:y|ies)|adverse (?:effects?|events?|reactions?)|complications?|"
    r"reactions?)"
)
_WORDS = r"(?: [^ .;:]{1,20}){0,6}"

RULES: tuple[Rule, ...] = (
    # What only looks like a negation, or hides one that is none.
    Rule(
        _phrases(
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
            rf" (?:in )?(?:\w{{3,9}} )?{_YEAR}",
            rf"{_YEAR} ?(?:mg|mcg|ml|units?|cc|cal)",
        ),
        None,
        Direction.PSEUDO,
    ),
    # Where the reach of a phrase ends.
    Rule(
        _phrases(
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
        _phrases(
            r"because(?: of)?|since|after|while|when|until",
            r"resulting in|resulted in|led to|leading to|causing|caused",
            r"(?:which|that|who|and|then|he|she) (?:has|had|was|were|became)",
        ),
        Assertion.NEGATED,
        Direction.TERMINATE,
    ),
    # The event did not happen.
    Rule(
        _phrases(
            r"no|nor|without|absence of|free of|negative for|lack of|never",
            r"no (?:evidence|signs?|symptoms?|history|complaints?|reports?|known history)"
            r" (?:of|for)",
        ),
        Assertion.NEGATED,
        Direction.FORWARD,
        reach=90,
    ),
    Rule(
        _phrases(
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
        _phrases(
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
        _phrases(
            r"not (?:felt|thought|believed|considered|likely) to be"
            r" (?:due|related|secondary|caused|from)",
            r"(?:not|never|nothing) (?:\w{2,12} )?"
            r"(?:due|related|secondary|attributed|attributable|linked) to",
            r"unrelated to|not (?:\w{2,12} )?caused by|no relation(?:ship)? to|not from",
            r"(?:did|does) not (?:cause|lead to|result in|produce|trigger)",
            r"nothing to do with|non-?contributory|unlikely",
            r"no (?:evidence|indication|suggestion) that",
        ),
        Assertion.NEGATED,
        Direction.FORWARD,
        Target.EITHER,
        reach=90,
    ),
    # Risks and talks about them.
    Rule(
        _phrases(
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
        _phrases(
            r"(?:known |potential |possible |increased )?(?:risks?|side effects?)|precautions?",
            r"(?:is|are) (?:a |an )?(?:rare|uncommon|common|frequent|usual|known|well known)",
            r"to be expected|can be expected|(?:is|are) expected",
        ),
        Assertion.HYPOTHETICAL,
        Direction.BACKWARD,
        reach=50,
    ),
    Rule(
        _phrases(
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
        _phrases(
            r"told|mentioned|explained|discussed|covered|talk(?:ed)?(?: about| of)?|teaching|"
            r"taught",
            r"advised?|warn(?:ed|ing|s)?|beware|expect(?:s|ed)?|leaflet|counsel(?:l?ing|led|ed)?",
            r"worr(?:y|ies|ied)|afraid|fears?|feared|frightened|scared|anxious about|nervous about",
            r"(?:watch|hold|stop|call|ring|come|return|contact|seek|page)"
            r"(?: \w{1,10}){0,3}? (?:if|for|should|with any|at the first)",
            rf"{_MODAL} (?!be |have |also |well |still |represent|reflect|relate|contribute|"
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
        _phrases(
            r"(?:was |were |is |are |been )?(?:explained|discussed|mentioned|covered|talk(?:ed)?"
            r"|reviewed with|accepted)",
            r"rare(?:ly)?|typical(?:ly)?|uncommon(?:ly)?|(?:to be|must be) (?:watched|monitored)",
            r"(?:is|are|was|were) (?:a |the )?(?:concern|worry|danger|class warning|price|"
            r"possibility)",
            r"(?:has|have) been (?:described|reported|associated|seen)(?: with)?|can follow|"
            r"if (?:it|she"
            r"|he|they|stopped|missed|given|combined)|described",
            rf"{_MODAL} (?:occur|happen|recur|worsen|follow|return|come back)",
        ),
        Assertion.HYPOTHETICAL,
        Direction.BACKWARD,
        reach=60,
    ),
    # Conditions and precautions.
    Rule(
        _phrases(
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
    # Doubt.
    Rule(
        _phrases(
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
        _phrases(
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
        _phrases(
            r"(?:(?:most|very|quite|more) )?likely|possible|possibly|poss|probable|probably|"
            r"prob|perhaps",
            r"maybe|suspected|presumed|presumably|conceivabl[ey]|plausibl[ey]|in all likelihood",
            r"multifactorial|one of (?:the )?(?:candidates|suspects)|candidates?|"
            r"(?:prime )?suspects?",
            rf"{_MODAL} (?:also |well |equally )?(?:do (?:it|this|that|so|the same)|"
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
    # The past.
    Rule(
        _phrases(
            r"(?:past |prior |previous |remote |known |medical )?history"
            r" (?:of|for|significant for)",
            r"h/o|hx of|status post|s/p",
        ),
        Assertion.HISTORICAL,
        Direction.FORWARD,
        Target.EITHER,
        reach=70,
    ),
    Rule(
        _phrases(
            r"in the (?:remote |distant )?past|previously|formerly|historically",
            r"(?:prior|previous|past|earlier) (?:\w{3,12} )?"
            r"(?:reactions?|episodes?|exposure|attempts?|trials?|use)",
            r"(?:years|yrs|decades|months) (?:ago|earlier|before|back)",
            r"(?:last|previous) year|a year ago|in childhood|childhood|at (?:the )?age",
            r"in (?:his|her|their) (?:teens|twenties|thirties|forties|fifties|sixties)",
            r"as (?:a child|a teenager|an infant)|when (?:he|she) was (?:a child|young|younger)",
            r"(?:has|had|have) (?:been tried|tried|failed)|other attempts",
            r"(?:allergic|intolerant|sensitive|allerg(?:y|ies)|intolerances?|sensitivit(?:y|ies))"
            r" (?:to|of|include|includes|including)",
            r"known (?:drug )?allerg(?:y|ies)|drug allerg(?:y|ies)|allergies",
        ),
        Assertion.HISTORICAL,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=250,
    ),
    Rule(
        _phrases(
            r"(?:prior|previous|previously|prev|remote|used to|already tried)",
            r"tried|hx|before that|back then|at (?:the|that) time",
            r"in (?:his|her) (?:youth|childhood|twenties|thirties|forties)|in the (?:army|navy|"
            r"war)",
            r"(?:last|previous|a) (?:year|yr|winter|summer|spring|autumn|fall|decade)(?: ago)?",
            r"(?:\d{1,2}|two|three|four|five|six|ten|some|several|many|a few|a couple of) ?(?:y|"
            r"yr|yrs|"
            r"years|decades) (?:ago|back|before|earlier)",
            r"(?:made|left|sent) (?:him|her|them|me)|which gave|never again",
            r"(?:can(?:no|['’])t|will not|won['’]t|refuses to) (?:have|take)|swore off|"
            r"off (?:it|that) now",
            rf"(?:in |by |summer |spring |autumn |winter )?{_YEAR}(?:[-–]{_YEAR})?",
        ),
        Assertion.HISTORICAL,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=40,
    ),
    # Somebody else.
    Rule(
        _phrases(
            rf"(?:his|her|their|my|the|a|one)? ?(?:{_RELATIVE})(?:['’]s)?(?:,| \(|"
            rf":)?(?! ?{_SPEAKS})",
            rf"gave (?:his|her) (?:wife|husband|{_RELATIVE})",
        ),
        Assertion.FAMILY,
        Direction.FORWARD,
        reach=110,
    ),
    Rule(
        _phrases(
            rf"(?:{_RELATIVE})(?: also| once| previously| who| both)?"
            r" (?:had|has|have|developed|experienced|suffered|got|reacted|with"
            r"|(?:is|was|are|were) allergic)"
            r"(?! (?:been|noticed|noted|reported|stated|seen|concerns?|called|brought|given"
            r"|stopped|tried|him|her))",
            r"family (?:medical )?history(?: (?:of|is|significant for|positive for)){0,2}",
        ),
        Assertion.FAMILY,
        Direction.FORWARD,
        reach=150,
    ),
    Rule(
        _phrases(rf"in (?:his|her|the) (?:{_RELATIVE})|runs in the family"),
        Assertion.FAMILY,
        Direction.BACKWARD,
        reach=80,
    ),
    # What happened. It says nothing by itself, but outweighs a heading of warnings.
    Rule(
        _phrases(
            r"because of|due to|secondary to|caused|resulted in|was held|complicated by",
            r"(?:was|were) stopped",
        ),
        Assertion.AFFIRMED,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=200,
    ),
)
"""A phrase that lies within a longer one does not count."""

PRECEDENCE: tuple[Assertion, ...] = (
    Assertion.FAMILY,
    Assertion.NEGATED,
    Assertion.HYPOTHETICAL,
    Assertion.UNCERTAIN,
    Assertion.HISTORICAL,
    Assertion.AFFIRMED,
)
"""Of several things said the first holds: whose it was, whether it was, whether it only may be,
whether one knows, when it was. A mistake in this order keeps a pair out of the counts rather than
letting in one that the note does not assert."""
