"""The name under which a mention is counted.

Surface rules only: they bring spellings of one name together and never guess at meaning. A lexicon
that knows synonyms and brands plugs in as a mapping from one concept to another.

What is done, in this order: compatibility forms and case are folded (NFKC); possessives, hyphens
and other punctuation become spaces; leading articles and pronouns go; from an event leading words
of severity go ("severe nausea"); from a drug strength, form, route and frequency go ("lisinopril
10 mg tablets daily"); the last word becomes singular by rules that leave doubtful words alone.
Release forms ("xl", "sr") and salts stay: they belong to the name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from services.core.contracts import MentionType

VERSION = "surface-1"
"""Changes whenever any surface could get another concept."""

MAX_CHARS = 200


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEADING = _words("a an the this that these those his her their my your our its some any another")
_SEVERITY = _words("mild moderate severe slight mildly moderately severely")
_PROPER_SEVERITY = ("severe acute respiratory", "severe combined", "severe cutaneous")

_UNITS = (
    "mg|mgs|mcg|ug|μg|g|gm|gms|gram|grams|milligram|milligrams|microgram|micrograms|ml|cc|l|"
    "unit|units|u|iu|meq|mmol|mg kg|mg m2|%"
)
_DOSE = rf"\d+(?:\.\d+)? ?(?:{_UNITS})(?!\S)"
_TRAILING_DOSE = re.compile(rf"(?<=\S) {_DOSE}.*")
_LEADING_DOSE = re.compile(rf"{_DOSE} (?:of )?(?=\S)")
_TRAILING = _words(
    """
    tablet tablets tab tabs capsule capsules cap caps pill pills injection injections shot shots
    infusion infusions solution suspension syrup elixir cream ointment lotion gel patch patches
    drop drops inhaler inhalers spray suppository suppositories lozenge lozenges nebulizer
    po iv im sc sq subq pr sl oral orally intravenous intravenously intramuscular subcutaneous
    subcutaneously topical topically
    daily weekly monthly nightly qd bid tid qid qhs qam qpm qod prn hs od bd tds
    """
)

_WHOLE_PLURALS = _words(
    """
    hives chills shakes diabetes herpes rabies scabies caries series species feces ascites measles
    mumps shingles rickets biceps triceps quadriceps forceps pancreas tums aids ards sids sars mers
    pres lens always
    """
)
_IRREGULAR = {
    "psychoses": "psychosis",
    "thromboses": "thrombosis",
    "metastases": "metastasis",
    "ecchymoses": "ecchymosis",
    "crises": "crisis",
    "emboli": "embolus",
    "petechiae": "petechia",
    "bullae": "bulla",
}
_LOOSE_S = re.compile(r"[a-z]{2,}(?:[b-hj-np-rtv-z]|ia|ma|se|ee)s")

_POSSESSIVE = re.compile(r"['’‘ʼ]s(?!\w)")
_APOSTROPHE = re.compile(r"(?<=\w)['’‘ʼ](?=\w|$)")
_DOTTED = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}")
_DIGIT_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ASCII_MEANINGLESS = re.compile(r"[^a-z0-9.%]|(?<![0-9])[.%]|\.(?![0-9])")


def concept(
    mention_type: MentionType, surface: str, *, lexicon: Mapping[str, str] | None = None
) -> str:
    """The concept of a mention.

    The same in any case and spacing; a concept is its own concept.

    Args:
        mention_type: drugs lose doses and forms, events lose severity.
        surface: the text of the mention.
        lexicon: from the concept by these rules to the one to count under.

    Returns:
        At most 200 characters, words separated by single spaces, free of control characters.
        Empty only for a surface without any letter or digit.
    """
    current = _plain(surface)
    # Every rule only shortens, so this ends; it makes the result its own concept.
    while (shorter := _reduced(mention_type, current)) != current:
        current = shorter
    return current if lexicon is None else _plain(lexicon.get(current, current))


def cut_at_strength(surface: str) -> bool:
    """Whether `concept` leaves out a strength of a drug's name and all that follows it."""
    return _TRAILING_DOSE.search(_plain(surface)) is not None


def _plain(surface: str) -> str:
    """Folded text of letters, digits and single spaces."""
    plain = surface.isascii()
    if plain:
        folded = surface.lower()  # what the other branch does too, at a tenth of the time
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", surface).casefold())
        folded = unicodedata.normalize("NFKC", folded.casefold())
    folded = _POSSESSIVE.sub("", folded)
    folded = _APOSTROPHE.sub("", folded)
    folded = _DOTTED.sub(lambda match: match.group().replace(".", "") + " ", folded)
    folded = _DIGIT_GROUPS.sub("", folded)
    if plain:
        return " ".join(_ASCII_MEANINGLESS.sub(" ", folded).split())[:MAX_CHARS].strip()
    kept = "".join(_character(folded, index) for index in range(len(folded)))
    cut = " ".join(kept.split())[:MAX_CHARS]
    return unicodedata.normalize("NFKC", cut).strip()


def _character(text: str, index: int) -> str:
    """The character if it carries meaning in a name, else a space (nothing for invisible ones)."""
    character = text[index]
    category = unicodedata.category(character)
    if category[0] in "LMN":
        return character
    if category == "Cf":
        return ""
    before = text[index - 1 : index].isdigit()
    if character == "." and before and text[index + 1 : index + 2].isdigit():
        return character
    return "%" if character == "%" and before else " "


def _reduced(mention_type: MentionType, name: str) -> str:
    if mention_type is MentionType.DRUG:
        name = _TRAILING_DOSE.sub("", name)
        name = _LEADING_DOSE.sub("", name, count=1) if _LEADING_DOSE.match(name) else name
    words = name.split(" ")
    while len(words) > 1 and _droppable(mention_type, words):
        words = words[1:]
    while mention_type is MentionType.DRUG and len(words) > 1 and words[-1] in _TRAILING:
        words = words[:-1]
    return " ".join([*words[:-1], singular(words[-1])])


def _droppable(mention_type: MentionType, words: list[str]) -> bool:
    """Whether the first word says nothing of what is named."""
    first = words[0]
    if first in _LEADING:
        # "a fib", "A 1": a single letter may be part of the name.
        return len(first) > 1 or len(words[1]) > 3
    if mention_type is not MentionType.ADE:
        return False
    if first in ("to", "or") and words[1] in _SEVERITY:
        return True
    return first in _SEVERITY and not " ".join(words).startswith(_PROPER_SEVERITY)


def singular(word: str) -> str:
    """A word in the singular, by rules that leave doubtful words alone."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.isascii() or not word.isalpha() or word in _WHOLE_PLURALS:
        return word
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    if word.endswith(("shes", "tches", "rches", "sses", "xes")):
        return word[:-2]
    if word.endswith(("ss", "us", "is")):
        return word
    return word[:-1] if _LOOSE_S.fullmatch(word) else word
