"""What happened long ago."""

from __future__ import annotations

from services.core.contracts import Assertion
from services.core.phrases.context import YEAR, Direction, Rule, Target, phrases

PAST: tuple[Rule, ...] = (
    # The past.
    Rule(
        phrases(
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
        phrases(
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
        phrases(
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
            rf"(?:in |by |summer |spring |autumn |winter )?{YEAR}(?:[-–]{YEAR})?",
        ),
        Assertion.HISTORICAL,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=40,
    ),
)
