"""Which case a statement belongs to, decided from the statements alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.core import identity
from services.core.contracts import Pair
from services.core.copies import Place
from services.core.counts import CountDelta
from services.core.settlement import Statement, Verdict, change, pairs_of, settle
from tests.fakes.extractions import COUGH, RASH

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
GAP = timedelta(days=30)
PERSON = identity.case_key("patient-1")
TEXTS = (
    "A rash spread over both arms soon after the first tablets of amoxicillin were taken.",
    "Itching red spots were seen by the nurse; amoxicillin was blamed and stopped at once.",
    "Skin eruption of the chest, the general practitioner suspects the antibiotic in this.",
)


def statement(
    note: str, day: int, text: str = TEXTS[0], *, position: int = 0, pair: Pair = RASH
) -> Statement:
    return Statement(
        place=Place(note, position),
        pair=pair,
        written_at=NEW_YEAR + timedelta(days=day),
        text=text,
    )


def episode(note: str) -> str:
    return identity.episode_key(PERSON, note)


def test_without_a_gap_a_patient_is_one_case() -> None:
    told = [statement("a", 0), statement("b", 3000, TEXTS[1])]
    assert settle(PERSON, told, gap=None) == dict.fromkeys(
        [Place("a", 0), Place("b", 0)], Verdict(PERSON)
    )


def test_an_episode_lasts_as_long_as_no_gap_is_too_long() -> None:
    told = [
        statement("a", 0),
        statement("b", 30, TEXTS[1]),
        statement("c", 61, TEXTS[2], pair=COUGH),
    ]
    assert settle(PERSON, told, gap=GAP) == {
        Place("a", 0): Verdict(episode("a")),
        Place("b", 0): Verdict(episode("a")),
        Place("c", 0): Verdict(episode("c")),
    }


def test_a_copy_is_of_the_case_of_its_source_whenever_it_was_written() -> None:
    told = [statement("copy", 400), statement("late", 390, TEXTS[1]), statement("first", 0)]
    verdicts = settle(PERSON, told, gap=GAP)
    assert verdicts[Place("copy", 0)] == Verdict(episode("first"), Place("first", 0))
    assert verdicts[Place("late", 0)] == Verdict(episode("late"))


def test_copies_keep_no_episode_open() -> None:
    told = [statement("a", 0), statement("b", 25), statement("c", 50, TEXTS[1])]
    assert settle(PERSON, told, gap=GAP)[Place("c", 0)] == Verdict(episode("c"))


def test_the_same_text_about_another_pair_is_no_copy() -> None:
    told = [statement("a", 0), statement("b", 1, pair=COUGH)]
    assert settle(PERSON, told, gap=None)[Place("b", 0)] == Verdict(PERSON)


def test_a_note_does_not_copy_from_itself() -> None:
    told = [statement("a", 0), statement("a", 0, position=1)]
    assert settle(PERSON, told, gap=None)[Place("a", 1)] == Verdict(PERSON)


def test_without_its_source_a_copy_is_original() -> None:
    verdicts = settle(PERSON, [statement("copy", 40), statement("again", 50)], gap=GAP)
    assert verdicts[Place("copy", 0)] == Verdict(episode("copy"))
    assert verdicts[Place("again", 0)] == Verdict(episode("copy"), Place("copy", 0))


def test_of_two_notes_of_one_moment_the_key_decides_which_is_the_source() -> None:
    told = [statement("b", 0), statement("a", 0)]
    verdicts = settle(PERSON, told, gap=None)
    assert verdicts[Place("b", 0)].copy_of == Place("a", 0)
    assert verdicts[Place("a", 0)].copy_of is None


def test_what_is_written_later_is_settled_without_the_copies_before_it() -> None:
    first, copy, later = statement("a", 0), statement("b", 20), statement("c", 25, TEXTS[1])
    settled = settle(PERSON, [first, copy], gap=GAP)
    verdicts = settle(PERSON, [first, later], gap=GAP, since=later.moment, settled=settled)
    assert verdicts == {later.place: Verdict(episode("a"))}


def test_nothing_stated_is_no_case() -> None:
    assert settle(PERSON, [], gap=GAP) == {}


def test_a_case_under_another_name_changes_no_count() -> None:
    told = [statement("a", 0), statement("b", 1, pair=COUGH)]
    before = pairs_of(told, settle(PERSON, told, gap=None))
    after = pairs_of(told, settle(PERSON, told, gap=GAP))
    assert before.keys() != after.keys()
    assert change(before, after) == CountDelta()
    assert change({}, after).pairs == {RASH: 1, COUGH: 1}
