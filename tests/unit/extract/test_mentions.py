"""From spans of a text to mentions under their concepts."""

from __future__ import annotations

from services.core import bio
from services.core.contracts import MentionType
from services.core.spans import Span
from services.extract.mentions import named_mentions
from tests.fakes.vocabulary import WordVocabulary

DRUG, EVENT = MentionType.DRUG, MentionType.ADE
WORDS = WordVocabulary("1", {"azathioprine": "azathioprine", "AZT": "zidovudine"})


def named(text: str, kind: MentionType, surface: str) -> list[tuple[str, str]]:
    """The concept and the expansion of every occurrence of a surface."""
    starts = [at for at in range(len(text)) if text.startswith(surface, at)]
    decoded = [bio.Decoded(kind, Span(at, at + len(surface)), 0.9) for at in starts]
    return [(one.concept, one.expansion) for one in named_mentions(text, decoded, WORDS)]


def test_an_abbreviation_is_named_by_what_its_note_says_it_means_everywhere() -> None:
    text = "Rash on AZT. She took azathioprine (AZT) for a year."
    assert named(text, DRUG, "AZT") == [("azathioprine", "azathioprine")] * 2


def test_an_abbreviation_that_no_note_explains_has_its_usual_meaning() -> None:
    assert named("Rash on AZT.", DRUG, "AZT") == [("zidovudine", "")]


def test_an_explanation_nobody_knows_leaves_the_usual_meaning() -> None:
    text = "Given azido-zz-thymidine (AZT). Rash on AZT."
    assert named(text, DRUG, "AZT") == [("zidovudine", "azido-zz-thymidine")] * 2


def test_a_mention_without_a_letter_has_no_name() -> None:
    assert named("He took - daily.", DRUG, "-") == [("-", "")]
