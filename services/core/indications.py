"""A disease that a drug is given against is no event of the drug.

"Lisinopril for hypertension", "rash treated with prednisone": the words between the two mentions
say so. They are read as a whole, so that a word which is not known ends the reading: "lisinopril,
stopped for cough" gives the reason for stopping, and that is an event of the drug.
"""

from __future__ import annotations

import re

from services.core.spans import Span

BETWEEN_CHARS = 120
"""How far apart the two mentions may stand."""

BEFORE_CHARS = 60
"""How far before the drug a word is looked for that gives "for" another meaning."""

_AMOUNT = (
    r"[-/%]|\d[-\d.,/%]*|x|x\d+|mg|mcg|µg|ug|g|gm|grams?|ml|cc|units?|iu|meq|puffs?|tab(?:let)?s?"
    r"|cap(?:sule)?s?|drops?|patch(?:es)?|sprays?|low|high|dosed?|a|per|two|three|four|five|six|ten"
)
_FORM = (
    r"inhalers?|cream|ointment|gel|drip|infusion|injections?|nebs?|neb(?:uliser|ulizer)"
    r"|long[- ]acting|extended|release|er|xr|sr|cr|xl|po|iv|im|sc|sq|subq|sl|pr|p\.o\.|i\.v\."
    r"|oral(?:ly)?|topical(?:ly)?|inhaled|therapy|monotherapy|treatment|prophylaxis|course|pulse"
)
_TIME = (
    r"daily|nightly|weekly|monthly|once|twice|thrice|times|every|[tbq]\.i\.d\.?|[btq]id|[tbq]ds"
    r"|qd|qday|qhs|qam|qpm|qod|q\d+h?|hs|ac|pc|o[dmn]|bd|nocte|mane|prn|as|needed|only|sched(?:uled)?"
    r"|standing|at|bedtime|night|morning|hours?|days?|weeks?|months?|years?|d|y|mos?|wks?|yrs?|ago"
    r"|for (?:\d+|an?|two|three|four|five|six|ten|many|several|some) ?(?:d|days?|wks?|weeks?|mos?"
    r"|months?|y|yrs?|years?)|since|from|in|last|this|past|recently|lately|yesterday|today|about|almost|over|now|again"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|spring|summer|autumn|fall|winter"
)
_GIVEN = (
    r"started|begun|initiated|continued|given|taken|used|prescribed|restarted|added|resumed|back"
    r"|which|he|she|they|it|is|was|has|been|had|being|takes|took|uses|and"
)
# Possessive: what was read as a detail is not read in another way, so the time is linear.
_DETAILS = rf"(?:[\s,;:()]|(?:{_AMOUNT}|{_FORM}|{_TIME}|{_GIVEN})(?!\w))*+"
_FOR = (
    r"(?:for|against|to (?:treat|prevent|control|manage|relieve|help(?: with)?)"
    r"|(?:for |in )?(?:the )?(?:treatment|management|control|relief|prevention|prophylaxis) of"
    r"|indicated (?:for|in))"
)
_QUALIFIERS = (
    r"(?:(?:an?|the|his|her|their|your|my|this|known|suspected|presumed|possible|presumptive|likely"
    r"|new|old|recent|ongoing|persistent|recurrent|acute|chronic|mild|moderate|severe|longstanding"
    r"|refractory|symptomatic|primary|secondary|history of|hx of|some|any|both|breakthrough|left"
    r"|right|bilateral|lower|upper|underlying|pre-?existing|baseline)\s+){0,4}"
)
_DRUG_FOR = re.compile(rf"{_DETAILS}{_FOR}\s+{_QUALIFIERS}", re.IGNORECASE)

_TREATED = (
    r"(?:(?:(?:is|was|were|are|has been|have been|had been|being|now|well|currently|successfully"
    r"|partially|initially|empirically|then|also)\s+){0,3}"
    r"(?:treated|managed|controlled|relieved|covered|suppressed|medicated|palliated)"
    r"(?:\s+(?:well|successfully|initially|empirically|symptomatically|conservatively|only|again))?"
    r"\s+(?:with|by|using)"
    r"|(?:is|was|were|are)?\s*(?:responsive|responding) to"
    r"|(?:responded|responds) (?:well |partially )?to"
    r"|for which (?:he|she|they|the patient|pt|patient|we|i) (?:\w+\s+){0,3}"
    r"(?:on|takes?|took|taking|uses?|given|received|receives|prescribed|started|gave|taken))"
)
_COURSE = (
    r"(?:(?:an?|the|his|her|their|some|more|oral|iv|intravenous|topical|inhaled|high[- ]dose"
    r"|low[- ]dose|short|brief|prolonged|long|single|empiric|prn|as needed|home|one|two|three|extra"
    r"|courses?|doses?|round|cycles?|trial|bolus(?:es)?|infusions?|injections?|of"
    r"|\d+[- ]?(?:days?|weeks?|mg|mcg|g|units?)?)\s+){0,6}"
)
_TREATED_WITH = re.compile(rf"[\s,;(]*{_TREATED}\s+{_COURSE}", re.IGNORECASE)

# "Stopped DRUG for EVENT", "admitted on DRUG for EVENT", "watch on DRUG for EVENT".
_OTHER_FOR = re.compile(
    r"\b(?:stop\w*|d/?c'?e?d?|discontinu\w*|held|hold\w*|withh\w+|withdr\w+|off|reduc\w*|lower\w*"
    r"|decreas\w*|cut|switch\w*|chang\w*|swap\w*|replac\w*|allerg\w*|intoleran\w*|avoid\w*"
    r"|refus\w*|declin\w*|quit|ceas\w*|taper\w*|wean\w*|skip\w*|miss\w*|pause\w*|suspend\w*"
    r"|reaction\w*|due|because|blam\w*|toxic\w*|overdos\w*|instead|not|vs|versus|hospital\w*"
    r"|admi[st]\w*|seen|present\w*|came|sent|referr\w*|visit\w*|evaluat\w*|monitor\w*|watch\w*"
    r"|check\w*|screen\w*|follow\w*|counsel\w*|risk\w*|worr\w*|concern\w*|responsib\w*|known)\b",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r"[.;\n]")


def is_indication(text: str, drug: Span, event: Span) -> bool:
    """Whether the words between the two say that the drug was given against the event.

    Args:
        text: the whole note.
        drug: the drug mention; `event` likewise, in either order.
    """
    first, second = sorted((drug, event))
    between = text[first.end : second.start]
    if first.end > second.start or len(between) > BETWEEN_CHARS:
        return False
    if first is event:
        return _TREATED_WITH.fullmatch(between) is not None
    if _DRUG_FOR.fullmatch(between) is None:
        return False
    before = text[max(0, drug.start - BEFORE_CHARS) : drug.start]
    return _OTHER_FOR.search(_CLAUSE_ENDS.split(before)[-1]) is None
