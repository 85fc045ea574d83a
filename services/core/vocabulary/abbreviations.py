"""Abbreviations that a text explains itself: "hydrochlorothiazide (HCTZ)".

The algorithm of Schwartz and Hearst (PSB 2003): every letter of the short form must occur in
order in the words before the bracket, the first one at the start of a word; the long form begins
where the words around that letter do ("1-methyl-4-phenyl-tetrahydropyridine (MPTP)"). Beyond it,
as abstracts and notes have them: the words before the bracket that begin with the letters of the
short form go first ("combined oral contraceptives (COCs)"), one letter stands for the one word
before it ("testosterone (T)"), and a short form with a stroke explains its parts ("cyproterone
acetate plus ethinylestradiol (CPA/EE)").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

MAX_SHORT = 10
LOOK_CHARS = 400
"""How far back a long form is looked for, so that the time is linear in the text."""

_MIN_WORD = 5
"""A shorter word is not written as one letter."""

_BRACKETED = re.compile(r"\(((?:[^();,:\n]|(?<=\d),(?=\d)){1,10})[);,:]")
_ASIDE = re.compile(r" ?\(([^()\n]{2,10})\)")
_WORD = re.compile(r"\S+")
_INITIAL = re.compile(r"(?<![^\s-])[^\s-]")
_SENTENCE_END = re.compile(r"(?<=[a-z0-9)][.!?]) +(?=[A-Z])")
_JOINTS = re.compile(r" (?:(?:combined |in combination )?with|plus|and|or) |/|\+")


def explained(text: str) -> dict[str, str]:
    """From each short form that the text explains to its long form, as the text writes both.

    The first explanation of a short form holds, wherever in the text the short form stands.
    """
    found: dict[str, str] = {}
    for match in _BRACKETED.finditer(text):
        short = match.group(1).strip()
        if short not in found:
            before = text[max(0, match.start() - LOOK_CHARS) : match.start()]
            line = _SENTENCE_END.split(before[before.rfind("\n") + 1 :])[-1].rstrip()
            for part, long in _explanations(short, line):
                found.setdefault(part, long)
    return found


def in_full(surface: str, long_forms: Mapping[str, str]) -> str:
    """What a mention says with the long forms of its text; "" if that is what it says already.

    A short form is found in singular and plural; a bracket that only explains one is left out
    ("prostaglandin (PG) E2").
    """
    if surface in long_forms:
        return long_forms[surface]
    if len(surface) > 1:
        other = surface.removesuffix("s") if surface.endswith("s") else f"{surface}s"
        if len(other) > 1 and other in long_forms:
            return long_forms[other]
    shorter = _ASIDE.sub(lambda m: "" if m.group(1) in long_forms else m.group(), surface)
    return "" if shorter == surface else shorter


def _explanations(short: str, line: str) -> Iterator[tuple[str, str]]:
    """A short form and its parts with what the end of a line says they are."""
    if len(short) == 1:
        word = line[line.rfind(" ") + 1 :]
        if short.isupper() and _is_word(word) and word[0].upper() == short:
            yield short, word
    elif _is_short_form(short) and (long := _initials(short, line) or _long_form(short, line)):
        yield short, long
        shorts, longs = short.split("/"), _JOINTS.split(long)
        if len(shorts) == len(longs) > 1:
            parts = zip(shorts, longs, strict=True)
            yield from (one for one in parts if one[0][:1].lower() == one[1][:1].lower() != "")


def _is_word(word: str) -> bool:
    return len(word) >= _MIN_WORD and word.isalpha()


def _is_short_form(short: str) -> bool:
    letters = sum(character.isalpha() for character in short)
    return (
        1 < len(short) <= MAX_SHORT
        and short[0].isalnum()
        and " " not in short
        and letters >= 2
        and any(character.isupper() for character in short)
    )


def _initials(short: str, line: str) -> str:
    """The last words of a line if they begin with the letters of the short form, else ""."""
    letters = short.removesuffix("s").lower()
    starts = [match.start() for match in _INITIAL.finditer(line)][-len(letters) :]
    if "".join(line[start] for start in starts).lower() != letters:
        return ""
    long = line[starts[0] :]
    return long if _is_long_form(short, long) else ""


def _long_form(short: str, line: str) -> str:
    """The words at the end of a line that the letters of the short form pick, or ""."""
    most = min(len(short) + 5, 2 * len(short))
    words = list(_WORD.finditer(line))[-most:]
    if not words:
        return ""
    window = line[words[0].start() :]
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
    long = window[window.rfind(" ", 0, at + 1) + 1 :]
    return long if _is_long_form(short, long) else ""


def _is_long_form(short: str, long: str) -> bool:
    repeats = short.lower() in re.findall(r"\w+", long.lower())
    return len(long) > len(short) and not repeats and _balanced(long)


def _balanced(text: str) -> bool:
    """Whether no bracket of a text begins or ends outside it."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
