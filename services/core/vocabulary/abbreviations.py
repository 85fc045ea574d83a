"""Abbreviations that a text explains itself: "hydrochlorothiazide (HCTZ)".

The algorithm of Schwartz and Hearst (PSB 2003): every letter of the short form must occur in
order in the words before the bracket, the first one at the start of a word.
"""

from __future__ import annotations

import re

MAX_SHORT = 10
LOOK_CHARS = 400
"""How far back a long form is looked for, so that the time is linear in the text."""

_BRACKETED = re.compile(r"\(([^()\n]{2,10})[);,]")
_WORD = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"(?<=[a-z0-9)][.!?]) +(?=[A-Z])")


def explained(text: str) -> dict[str, str]:
    """From each short form that the text explains to its long form, as the text writes both.

    The first explanation of a short form holds.
    """
    found: dict[str, str] = {}
    for match in _BRACKETED.finditer(text):
        short = match.group(1).strip()
        if short not in found and _is_short_form(short):
            long = _long_form(short, text[max(0, match.start() - LOOK_CHARS) : match.start()])
            if long:
                found[short] = long
    return found


def _is_short_form(short: str) -> bool:
    letters = sum(character.isalpha() for character in short)
    return (
        1 < len(short) <= MAX_SHORT
        and short[0].isalnum()
        and " " not in short
        and letters >= 2
        and any(character.isupper() for character in short)
    )


def _long_form(short: str, before: str) -> str:
    """The words before the bracket that the letters of the short form pick, or ""."""
    most = min(len(short) + 5, 2 * len(short))
    line = _SENTENCE_END.split(before[before.rfind("\n") + 1 :])[-1]
    words = list(_WORD.finditer(line))[-most:]
    if not words:
        return ""
    window = line[words[0].start() :].rstrip()
    at = len(window) - 1
    for position in range(len(short) - 1, -1, -1):
        letter = short[position].lower()
        if not letter.isalnum():
            continue
        while at >= 0 and (
            window[at].lower() != letter or (position == 0 and at > 0 and window[at - 1].isalnum())
        ):
            at -= 1
        if at < 0:
            return ""
        at -= 1
    long = window[at + 1 :]
    repeats = short.lower() in re.findall(r"\w+", long.lower())
    return long if len(long) > len(short) and not repeats and _balanced(long) else ""


def _balanced(text: str) -> bool:
    """Whether no bracket of a text begins or ends outside it."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
