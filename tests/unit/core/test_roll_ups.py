"""A case counts once for a group, however many of its pairs are in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.core.contracts import MentionType, Pair, Sex
from services.core.roll_ups import roll_up
from services.core.statistics_ports import Case
from services.core.vocabulary.groups import Groups, Level, itself
from services.core.vocabulary.lexicon import Concept, Entries, Lexicon

DRUG, EVENT = MentionType.DRUG, MentionType.ADE
SKIN, BLOOD = "Skin disorders", "Blood disorders"


def concept(kind: MentionType, name: str, *broader: tuple[str, str]) -> Concept:
    return Concept(type=kind, name=name, system="test", code=name, version="1", broader=broader)


def lexicon(*concepts: Concept) -> Lexicon:
    of_kind = {kind: [one for one in concepts if one.type is kind] for kind in MentionType}
    return Lexicon("1", {kind: Entries(of_kind[kind], {}) for kind in MentionType})


WORDS = lexicon(
    concept(DRUG, "lisinopril", ("class", "ACE inhibitor")),
    concept(DRUG, "enalapril", ("ingredient", "enalapril"), ("class", "ACE inhibitor")),
    concept(DRUG, "hydrochlorothiazide", ("class", "diuretic"), ("class", "thiazide")),
    concept(DRUG, "Vaseretic", ("ingredient", "enalapril"), ("ingredient", "hydrochlorothiazide")),
    concept(DRUG, "water"),
    concept(EVENT, "rash", ("SOC", SKIN), ("SMQ", "Hypersensitivity")),
    concept(EVENT, "itch", ("SOC", SKIN), ("SMQ broad", "Hypersensitivity")),
    concept(EVENT, "petechiae", ("SOC", SKIN), ("SOC", BLOOD), ("HLT", "Purpuras")),
    concept(EVENT, "purpura", ("HLT", "Purpuras"), ("HLT secondary", "Bleeds"),
            ("SOC", BLOOD), ("SOC secondary", SKIN)),
)  # fmt: skip


def cases(*pairs: list[tuple[str, str]]) -> list[Case]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Case(key=str(n), sex=Sex.MALE, age_years=1, pairs={Pair(*one): at for one in of_case})
        for n, of_case in enumerate(pairs)
    ]


def test_a_case_counts_once_for_a_group_that_several_of_its_pairs_are_in() -> None:
    found = roll_up(
        cases(
            [("lisinopril", "rash"), ("lisinopril", "itch"), ("enalapril", "itch")],
            [("enalapril", "rash")],
            [("water", "rash")],
        ),
        drugs=Groups(WORDS).by(Level.CLASS),
        events=Groups(WORDS).by(Level.SOC),
    )
    assert found.counts.pairs == {Pair("ACE inhibitor", SKIN): 2}
    assert found.counts.drugs == {"ACE inhibitor": 2}
    assert found.counts.events == {SKIN: 2}
    assert (found.counts.total, found.outside) == (2, 1)


def test_a_term_counts_in_every_group_that_it_is_in() -> None:
    found = roll_up(
        cases([("water", "petechiae")], [("water", "petechiae"), ("water", "rash")]),
        drugs=itself,
        events=Groups(WORDS).by(Level.SOC),
    )
    assert found.counts.pairs == {Pair("water", SKIN): 2, Pair("water", BLOOD): 2}
    assert (found.counts.total, found.outside) == (2, 0)


def test_a_case_may_have_pairs_with_and_without_a_group() -> None:
    found = roll_up(
        cases([("water", "petechiae"), ("water", "rash")], [("water", "no vocabulary has it")]),
        drugs=itself,
        events=Groups(WORDS).by(Level.HLT),
    )
    assert found.counts.pairs == {Pair("water", "Purpuras"): 1}
    assert (found.counts.total, found.outside) == (1, 2)


@pytest.mark.parametrize(
    ("drug", "ingredients", "classes"),
    [
        ("lisinopril", {"lisinopril"}, {"ACE inhibitor"}),
        ("Vaseretic", {"enalapril", "hydrochlorothiazide"},
         {"ACE inhibitor", "diuretic", "thiazide"}),
        ("lisinopril + water", {"lisinopril", "water"}, {"ACE inhibitor"}),
        ("no vocabulary has it", {"no vocabulary has it"}, set()),
    ],
)  # fmt: skip
def test_a_combination_is_all_of_its_parts(
    drug: str, ingredients: set[str], classes: set[str]
) -> None:
    groups = Groups(WORDS)
    assert groups.by(Level.INGREDIENT)(drug) == ingredients
    assert groups.by(Level.CLASS)(drug) == classes


def test_queries_are_searched_narrowly_unless_told_otherwise() -> None:
    narrow, broad = (Groups(WORDS, broad=broad).by(Level.SMQ) for broad in (False, True))
    assert [narrow("rash"), narrow("itch")] == [{"Hypersensitivity"}, set()]
    assert [broad("rash"), broad("itch")] == [{"Hypersensitivity"}, {"Hypersensitivity"}]


def test_an_event_is_in_the_groups_of_its_primary_path_unless_told_otherwise() -> None:
    primary, every = (Groups(WORDS, all_paths=every) for every in (False, True))
    assert primary.by(Level.SOC)("purpura") == {BLOOD}
    assert primary.by(Level.HLT)("purpura") == {"Purpuras"}
    assert every.by(Level.SOC)("purpura") == {BLOOD, SKIN}
    assert every.by(Level.HLT)("purpura") == {"Purpuras", "Bleeds"}
    assert every.by(Level.SMQ)("itch") == set()


def test_levels_that_a_lexicon_lacks_are_known() -> None:
    known = {level for level in Level if Groups(WORDS).known(level)}
    assert known == set(Level) - {Level.HLGT}
    assert {level for level in Level if Groups(lexicon()).known(level)} == {Level.INGREDIENT}
