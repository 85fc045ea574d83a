"""What headings and the words before a colon say of everything after them, as data.

By the rules they count only where the sentence itself says nothing, but for a family history;
beside a learned head they always do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.core.contracts import Assertion
from services.core.section_rules import SectionName

OF_SECTION: Mapping[SectionName, Assertion] = {
    SectionName.FAMILY_HISTORY: Assertion.FAMILY,
    SectionName.ALLERGIES: Assertion.HISTORICAL,
    SectionName.PAST_HISTORY: Assertion.HISTORICAL,
    SectionName.RISKS: Assertion.HYPOTHETICAL,
    SectionName.INSTRUCTIONS: Assertion.HYPOTHETICAL,
}
"""A plan says nothing: it also tells what was stopped and why."""

_NOT_THE_PAST = (
    r"(?!(?:(?:the|chief|complaint|and|interval|interim|brief|clinical|present|presenting|current|"
    r"admission|patient|case) ){0,4}"
    r"(?:history|hx)(?: (?:of (?:the )?(?:present|presenting|current) "
    r"(?:illness|complaints?|problems?|condition)|and physical(?: exam\w{0,7})?))? ?:)"
)
"""A history that is of what brought the patient."""

TOPIC = re.compile(
    r"(?<![a-z0-9])(?:"
    r"(?P<hypothetical>(?:[a-z]+ ){0,3}(?:told|explained|discussed|covered|warned|advised|teaching|"
    r"talk|taught|counsell?ed|counsell?ing|consent(?:ed)?|mentioned|side effects|risks?|"
    r"information|"
    r"leaflet|watch(?: out)?(?: for)?|look out for|beware|expect|call if|stop if|caution|cautions)"
    r"(?: [a-z/&]{1,12}){0,6})|"
    rf"(?P<historical>{_NOT_THE_PAST}(?:[a-z]+ ){{0,2}}(?:"
    r"previous|previously|prev|prior|before|past|earlier|tried|history|hx|failed|old|"
    r"allerg(?:y|ies|ic)|intoleran(?:ce|ces|t)|adrs?|reactions?|never again|"
    r"used before|lines?)(?: [a-z/&]{1,12}){0,5})|"
    r"(?P<family>fam(?:ily)?(?: (?:hx|history))?|fhx?|mother|father|brother|sister|aunt|uncle|"
    r"mum|dad|"
    r"cousin)|"
    r"(?P<ends>(?:[a-z]+ ){0,1}(?:now|currently|current|today|present|since|imp(?:ression)?|"
    r"exam|o/e|"
    r"plan|assessment|a/p|labs?|meds?|bloods|on|course|update|hpi|admitted|adm|this time|obs|"
    r"review)"
    r"(?: [a-z/&]{1,12}){0,2})"
    r") ?:"
)
"""Words before a colon that open a topic; the last one before a mention holds until the end of the
paragraph, or over the items of the list that follows. `ends` ends a topic."""
