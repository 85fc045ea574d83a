"""Other words around the mentions: what rules let through, and offsets that still fit."""

from collections.abc import Callable, Sequence

import pytest

from services.core.contracts import MentionType
from services.core.spans import Span
from services.core.vocabulary.lexicon import Concept, Entries, Lexicon
from tests.fakes.documents import document
from training.augmentation.plan import Augmentation, added
from training.augmentation.rewriting import Gap, fits, names_of, places, with_other_words
from training.corpora.documents import Document
from training.errors import TrainingError

NAMES = {"rash", "zocor", "influenza", "healthy adult"}
NOTE = document(
    "She was a healthy woman who had {rash} with [zocor] in late spring.", (("T2", "T1"),)
)


def is_name(phrase: str) -> bool:
    return phrase in NAMES


def proposing(words: dict[str, list[str]]) -> Callable[[Sequence[Gap]], list[list[str]]]:
    """A language model with an opinion on some words only."""
    return lambda gaps: [words.get(gap.word, []) for gap in gaps]


def surfaces(of: Document) -> list[str]:
    return [of.text[slice(*mention.span)] for mention in of.mentions]


def test_only_plain_words_away_from_mentions_are_places() -> None:
    found = [NOTE.text[slice(*span)] for span in places(NOTE, is_name)]
    assert found == ["healthy", "woman", "late", "spring"]
    beside = document("After a truly terrible {rash} came influenza and other trouble.")
    found = [beside.text[slice(*span)] for span in places(beside, is_name)]
    # "terrible" may belong to the mention, "influenza" is a name, "other" carries grammar.
    assert found == ["truly", "trouble"]


@pytest.mark.parametrize(
    ("word", "fitting"),
    [
        ("lady", True),
        ("woman", False),
        ("influenza", False),
        ("adult", False),  # "healthy adult" is a name
        ("caused", False),
        ("Lady", False),
        ("old lady", False),
        ("7", False),
    ],
)
def test_a_word_fits_if_it_brings_no_label(word: str, fitting: bool) -> None:
    start = NOTE.text.index("woman")
    assert fits(NOTE.text, Span(start, start + 5), word, is_name) is fitting


def test_a_copy_has_other_words_and_the_same_mentions() -> None:
    words = {word: ["influenza", "remarkable"] for word in ("healthy", "woman", "late", "spring")}
    (made,) = with_other_words([NOTE], proposing(words), is_name, fraction=1.0, most=9, seed=1)
    assert made.text != NOTE.text
    assert "remarkable" in made.text
    assert "influenza" not in made.text
    assert surfaces(made) == surfaces(NOTE) == ["rash", "zocor"]
    assert made.text[slice(*made.sentences[-1])].endswith(".")
    assert (made.doc_id, made.group, made.relations) == ("d1~words", NOTE.group, NOTE.relations)


def test_a_longer_text_changes_in_several_places_far_from_each_other() -> None:
    long = document("She met a quiet young person near some large green table. " * 6 + "{Rash}.")
    words = {word: ["other" + word[:3]] for word in long.text.replace(".", "").split()}
    (made,) = with_other_words([long], proposing(words), is_name, fraction=1.0, most=9, seed=1)
    assert made.text.count("other") == 4
    assert surfaces(made) == ["Rash"]


def test_a_copy_that_reads_another_status_is_dropped() -> None:
    # "maybe" would make the relation uncertain.
    words = {word: ["maybe"] for word in ("healthy", "woman", "late", "spring")}
    assert with_other_words([NOTE], proposing(words), is_name, fraction=1, most=9, seed=1) == []


def test_no_proposal_is_no_copy_and_the_number_is_bounded_and_seeded() -> None:
    notes = [
        document(f"He saw a quiet garden number {n} and had {{rash}}.", doc_id=str(n))
        for n in range(10)
    ]
    bare = document("He saw a quiet garden.", doc_id="bare")
    words = {word: ["pretty"] for word in ("quiet", "garden", "number")}

    def made(fraction: float, most: int, seed: int = 1) -> list[Document]:
        return with_other_words(
            [*notes, bare], proposing(words), is_name, fraction=fraction, most=most, seed=seed
        )

    assert len(made(0.5, 99)) == 5
    assert len(made(1.0, 3)) == 3
    assert made(0.5, 99) == made(0.5, 99) != made(0.5, 99, seed=2)
    assert with_other_words(notes, proposing({}), is_name, fraction=1, most=9, seed=1) == []


def lexicon(drug: str = "zocor") -> Lexicon:
    def entries(kind: MentionType, name: str) -> Entries:
        concept = Concept(type=kind, name=name, system="s", code="1", version="v")
        return Entries((concept,), {name: 0})

    return Lexicon(
        "v",
        {
            MentionType.DRUG: entries(MentionType.DRUG, drug),
            MentionType.ADE: entries(MentionType.ADE, "rash"),
        },
    )


def test_names_of_a_lexicon_are_those_of_both_types() -> None:
    known = names_of(lexicon())
    assert [known(phrase) for phrase in ("Zocor", "rashes", "garden")] == [True, True, False]


def test_augmentation_is_off_unless_asked_for_and_says_what_it_lacks() -> None:
    assert added([NOTE], Augmentation(generator="any"), seed=1) == []
    with pytest.raises(TrainingError, match="generator"):
        added([NOTE], Augmentation(rewritten=0.5), seed=1)
    with pytest.raises(TrainingError, match="within 0 and 1"):
        added([NOTE], Augmentation(renamed=2), seed=1)


def test_other_drugs_come_from_the_open_vocabularies() -> None:
    how = Augmentation(renamed=1.0)
    (made,) = added([NOTE], how, seed=1, open_lexicon=lambda: lexicon("timolol"))
    assert surfaces(made) == ["rash", "timolol"]
