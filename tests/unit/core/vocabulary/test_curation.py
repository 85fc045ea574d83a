"""Decisions of people go before the lexicon."""

from __future__ import annotations

from services.core.contracts import Coding, MentionType
from services.core.vocabulary import keys
from services.core.vocabulary.curation import CuratedVocabulary, Decision
from services.core.vocabulary.lexicon import Concept, Entries, Lexicon

DRUG, EVENT = MentionType.DRUG, MentionType.ADE


def lexicon() -> Lexicon:
    concept = Concept(type=DRUG, name="lisinopril", system="test", code="C1", version="1")
    names = {keys.key(DRUG, name): 0 for name in ("lisinopril", "zestril")}
    return Lexicon("words-1", {DRUG: Entries([concept], names)})


def test_without_decisions_the_lexicon_answers() -> None:
    vocabulary = CuratedVocabulary(lexicon())
    assert vocabulary.version == "words-1"
    assert vocabulary.name(DRUG, "Zestril") == lexicon().name(DRUG, "Zestril")


def test_a_decision_holds_for_every_spelling_of_its_surface_and_for_its_type() -> None:
    vocabulary = CuratedVocabulary(lexicon(), [Decision(DRUG, "blue pill", "lisinopril")])
    for surface in ("blue pill", "Blue  Pills", "blue-pill 10 mg"):
        assert vocabulary.name(DRUG, surface).concept == "lisinopril"
        assert vocabulary.name(DRUG, surface).coding == Coding("test", "C1", "1", 1.0)
    assert vocabulary.name(EVENT, "blue pill").concept == "blue pill"


def test_a_decision_may_go_against_the_lexicon_and_name_a_new_concept() -> None:
    vocabulary = CuratedVocabulary(lexicon(), [Decision(DRUG, "Zestril", "Trial drug X")])
    named = vocabulary.name(DRUG, "zestril")
    assert named.concept == "trial drug x"
    assert named.coding == Coding("curated", "trial drug x", "", 1.0)


def test_the_version_follows_the_decisions_and_not_their_order() -> None:
    one, other = Decision(DRUG, "a1", "lisinopril"), Decision(DRUG, "b1", "lisinopril")
    both = CuratedVocabulary(lexicon(), [one, other]).version
    assert both == CuratedVocabulary(lexicon(), [other, one]).version
    assert len({both, CuratedVocabulary(lexicon(), [one]).version, lexicon().version}) == 3
