"""Which case a statement belongs to, decided from the statements alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.core import identity
from services.core.contracts import Assertion, Pair
from services.core.copies import Place
from services.core.counts import CountDelta
from services.core.settlement import Statement, Verdict, change, pairs_of, settle
from tests.fakes.extractions import COUGH, RASH

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
GAP = timedelta(days=30)
HISTORICAL = Assertion.HISTORICAL
PERSON = identity.case_key("patient-1")
TEXTS = (
    "A rash spread over both arms soon after the first tablets of amoxicillin were taken.",
    "Itching red spots were seen by the nurse; amoxicillin was blamed and stopped at once.",
    "Skin eruption of the chest, the general practitioner suspects the antibiotic in this.",
)


def statement(
    note: str,
    day: int,
    text: str = TEXTS[0],
    *,
    position: int = 0,
    pair: Pair = RASH,
    assertion: Assertion = Assertion.AFFIRMED,
) -> Statement:
    return Statement(
        place=Place(note, position),
        pair=pair,
        assertion=assertion,
        written_at=NEW_YEAR + timedelta(days=day),
        text=text,
    )


def history(
    note: str, day: int, text: str = TEXTS[0], *, position: int = 0, pair: Pair = RASH
) -> Statement:
    return statement(note, day, text, position=position, pair=pair, assertion=HISTORICAL)


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


def test_history_of_a_known_pair_is_of_its_earliest_case_however_late_it_is_told() -> None:
    told = [
        statement("a", 0),
        statement("b", 100, TEXTS[1]),
        history("c", 110, TEXTS[2]),
        history("d", 500, "A rash in the past."),
    ]
    verdicts = settle(PERSON, told, gap=GAP)
    assert verdicts[Place("b", 0)] == Verdict(episode("b"))
    assert verdicts[Place("c", 0)] == verdicts[Place("d", 0)] == Verdict(episode("a"))


def test_history_that_is_the_first_word_of_a_pair_is_a_report_as_any_other() -> None:
    told = [history("a", 0), statement("b", 20, TEXTS[1], pair=COUGH), history("c", 90, TEXTS[2])]
    verdicts = settle(PERSON, told, gap=GAP)
    assert set(verdicts.values()) == {Verdict(episode("a"))}
    other = [*told, history("d", 300, TEXTS[1], pair=Pair("warfarin", "bleeding"))]
    assert settle(PERSON, other, gap=GAP)[Place("d", 0)] == Verdict(episode("d"))


def test_what_is_affirmed_after_history_was_told_is_another_case() -> None:
    told = [history("a", 0), statement("b", 100, TEXTS[1])]
    assert settle(PERSON, told, gap=GAP)[Place("b", 0)] == Verdict(episode("b"))


def test_known_history_keeps_no_episode_open() -> None:
    told = [statement("a", 0), history("b", 25, TEXTS[1]), statement("c", 50, TEXTS[2])]
    assert settle(PERSON, told, gap=GAP)[Place("c", 0)] == Verdict(episode("c"))


def test_a_note_that_affirms_and_recalls_a_pair_opens_one_case() -> None:
    known = statement("a", 0)
    both = [statement("b", 100, TEXTS[1]), history("b", 100, TEXTS[2], position=1)]
    assert settle(PERSON, [known, *both], gap=GAP) == {
        known.place: Verdict(episode("a")),
        Place("b", 0): Verdict(episode("b")),
        Place("b", 1): Verdict(episode("a")),
    }
    assert set(settle(PERSON, both, gap=GAP).values()) == {Verdict(episode("b"))}


def test_recalled_words_can_be_repeated_and_the_repetition_is_of_the_same_case() -> None:
    told = [statement("a", 0), history("b", 100, TEXTS[1]), statement("c", 200, TEXTS[1])]
    assert settle(PERSON, told, gap=GAP)[Place("c", 0)] == Verdict(episode("a"), Place("b", 0))


def test_without_the_report_before_it_history_stands_for_itself() -> None:
    first, recalled = statement("a", 0), history("b", 100, TEXTS[1])
    late = settle(PERSON, [recalled], gap=GAP)
    assert late == {recalled.place: Verdict(episode("b"))}
    both = settle(PERSON, [first, recalled], gap=GAP, since=first.moment, settled=late)
    assert both[recalled.place] == Verdict(episode("a"))


def test_history_told_before_is_told_from_a_report_without_reading_copies() -> None:
    first, copy, recalled = statement("a", 0), statement("b", 20), history("c", 25, TEXTS[1])
    settled = settle(PERSON, [first, copy, recalled], gap=GAP)
    later = statement("d", 50, TEXTS[2])
    verdicts = settle(
        PERSON, [first, recalled, later], gap=GAP, since=later.moment, settled=settled
    )
    assert verdicts == {later.place: Verdict(episode("d"))}


def test_without_a_gap_any_more_the_open_episode_goes_on() -> None:
    first, later = statement("a", 0), statement("b", 300, TEXTS[1])
    settled = settle(PERSON, [first], gap=GAP)
    verdicts = settle(PERSON, [first, later], gap=None, since=later.moment, settled=settled)
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
