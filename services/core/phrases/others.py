"""To whom it happened, and what plainly happened."""

from __future__ import annotations

from services.core.contracts import Assertion
from services.core.phrases.context import Direction, Rule, Target, phrases

_RELATIVE = (
    r"(?:grand)?(?:mother|father|mum)|grand(?:ma|pa)|mom|mum|dad|sister|brother|siblings?|aunt|"
    r"uncle|cousin|"
    r"niece|nephew|daughter|son|parents?|relatives?|grandparents?|twin|family members?"
)
_SPEAKS = (
    r"(?:also |now |who |has |had )*(?:reports?|reported|notic(?:ed|es)|noted|states?|stated|"
    r"says?|said|"
    r"thinks?|"
    r"thought|brought|brings|called?|gives|gave|manages|lists?|translat|wants?|complain|saw|found|"
    r"deni|tells|told|feels?|felt|asks?|asked|describes?|confirms?|agrees?|understands?|informed|"
    r"aware|"
    r"concern|worr|present|interpret|at bedside|on phone|phoned|rang|knows?|will|to )"
)

OTHERS: tuple[Rule, ...] = (
    # Somebody else.
    Rule(
        phrases(
            rf"(?:his|her|their|my|the|a|one)? ?(?:{_RELATIVE})(?:['’]s)?(?:,| \(|"
            rf":)?(?! ?{_SPEAKS})",
            rf"gave (?:his|her) (?:wife|husband|{_RELATIVE})",
        ),
        Assertion.FAMILY,
        Direction.FORWARD,
        reach=110,
    ),
    Rule(
        phrases(
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
        phrases(rf"in (?:his|her|the) (?:{_RELATIVE})|runs in the family"),
        Assertion.FAMILY,
        Direction.BACKWARD,
        reach=80,
    ),
    # What happened. It says nothing by itself, but outweighs a heading of warnings.
    Rule(
        phrases(
            r"because of|due to|secondary to|caused|resulted in|was held|complicated by",
            r"(?:was|were) stopped",
        ),
        Assertion.AFFIRMED,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=200,
    ),
)
