"""What happened long ago."""

from __future__ import annotations

from services.core.contracts import Assertion
from services.core.phrases.context import YEAR, Direction, Rule, Target, phrases

PAST: tuple[Rule, ...] = (
    # The past.
    Rule(
        phrases(
            r"(?:past |prior |previous |remote |known |medical )?history"
            r" (?:of(?! (?:the )?(?:present|current))|for|significant for)",
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
            r"(?:prior(?! to)|previous|previously|prev|remote|used to|already tried)",
            r"tried|hx(?! ?:)|before that|back then|at (?:the|that) time",
            r"in (?:his|her) (?:youth|childhood|twenties|thirties|forties)|in the (?:army|navy|"
            r"war)",
            r"(?:last|previous) (?:year|yr|winter|summer|spring|autumn|fall|decade)|"
            r"a (?:year|yr|decade) (?:ago|back|before|earlier)",
            r"(?:\d{1,2}|two|three|four|five|six|ten|some|several|many|a few|a couple of) ?(?:y|"
            r"yr|yrs|"
            r"years|decades) (?:ago|back|before|earlier)",
            r"made (?:him|her|them|me)|which gave|never again",
            r"(?:can(?:no|['’])t|will not|won['’]t|refuses to) (?:have|take)|swore off|"
            r"off (?:it|that) now",
            rf"(?:in |by |summer |spring |autumn |winter )?{YEAR}(?:[-–]{YEAR})?",
        ),
        Assertion.HISTORICAL,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=40,
    ),
    # Given up after the event.
    Rule(
        phrases(
            r"(?:and |so )?that was the end of (?:it|that|them)",
            r"(?:quit|dropped|abandoned|gave up|gave back|threw out|threw away|flushed|put "
            r"aside|discarded|binned) (?:it|them|the rest|on (?:his|her) own|in (?:19|"
            r"20)\d\d|after)",
            r"gave it (?:up|back)",
            r"(?:quit|abandoned|given up|taken off it|off it too|off it since|came off it|"
            r"off since)(?= ?[.;,)])",
            r"(?:was|were) (?:abandoned|given up|dropped)|abandoned after",
            r"to the point that (?:he|she) quit",
        ),
        Assertion.HISTORICAL,
        Direction.BACKWARD,
        reach=60,
    ),
    # A time before the colon that follows the drug.
    Rule(
        phrases(
            r"(?:in (?:the )?past|before(?: op| this| that| then)?|earlier(?: on)?|"
            r"previously|prior|initially|originally|years|remote(?:ly)?|last (?:adm|"
            r"admission|time)|(?:in )?(?:jan(?:uary)?|feb(?:ruary)?|march|april|may|june|"
            r"july|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)|"
            r"stopped [^:.;]{2,25})(?= ?:)",
        ),
        Assertion.HISTORICAL,
        Direction.BACKWARD,
        Target.EITHER,
        reach=25,
    ),
    # At an age.
    Rule(
        phrases(
            r"at (?:\w{3,8}|\d{1,2}) (?:months|years|yrs|yr) (?:of age|old)",
            r"aged (?:[5-9]|[1-6]\d)(?=[:,)]| (?:while|when|after|following)| ?\()",
        ),
        Assertion.HISTORICAL,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=35,
    ),
    # Stopped then; it hides the *stopped* that ends a reach.
    Rule(
        phrases(
            r"(?:stopped|quit|dropped|discontinued|ended|came off|taken off)(?: it| this| "
            r"that)? (?:(?:in|last|at|back in|by) (?:early |late )?)?(?:(?:jan(?:uary)?|"
            r"feb(?:ruary)?|march|april|may|june|july|aug(?:ust)?|sept?(?:ember)?|"
            r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)|month \d{1,2}|\d{1,2} ?(?:mo|wks?|"
            r"weeks|months)|years ago)",
        ),
        Assertion.HISTORICAL,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=40,
    ),
    # A withdrawal that is over.
    Rule(
        phrases(
            r"(?:when|once) (?:he|she|they) (?:ran out|forgot|missed|skipped|came off|ran "
            r"short)(?: of)?",
        ),
        Assertion.HISTORICAL,
        Direction.ANYWHERE,
        Target.EITHER,
        reach=60,
    ),
    # What an old record says.
    Rule(
        phrases(
            r"(?:his |her |the |their )?(?:old|outside|previous|er|ed|hospital|discharge|"
            r"other) (?:chart|records?|notes?|summary|letter) (?:lists?|listed|reads?|"
            r"states?|stating|shows?|showed|mentions?|says|said|ascribes?|blames?|blamed|"
            r"documents?)",
            r"the record (?:stating|states|says|reads)",
            r"according to (?:my|our|the|old|her|his) (?:notes|records|chart)",
        ),
        Assertion.HISTORICAL,
        Direction.FORWARD,
        Target.EITHER,
        reach=80,
    ),
)
