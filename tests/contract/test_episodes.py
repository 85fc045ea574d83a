"""What every record of cases promises of copies, episodes and merges of patients."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import permutations

import pytest

from services.adapters.sql import migrate
from services.adapters.sql.case_book import SqlCaseBook
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.engine import make_engine
from services.core.contracts import Assertion, Extraction, PatientMerge
from services.core.counting_ports import Applied, CaseRecord, Resettled
from services.core.counts import CountDelta
from services.core.statistics_ports import CaseBook
from tests.fakes.case_book import MemoryCaseBook
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import FakeClock
from tests.fakes.copied_stream import GAP, copied_stream
from tests.fakes.episodes import ARMS, CHEST, SPOTS, counts, day, merge
from tests.fakes.extractions import BLEEDING, COUGH, RASH, retraction, telling
from tests.fakes.vocabulary import WordVocabulary

Both = tuple[CaseRecord, CaseBook]
Make = Callable[[timedelta | None], Both]


@pytest.fixture(
    params=["memory", "sqlite_url", pytest.param("postgres_url", marks=pytest.mark.stack)]
)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes an empty record, and the book of its cases, with a gap of episodes."""

    def in_memory(gap: timedelta | None) -> Both:
        record = MemoryCaseRecord(clock=FakeClock(), episode_gap=gap)
        return record, MemoryCaseBook(record)

    if request.param == "memory":
        yield in_memory
        return
    url = request.getfixturevalue(request.param)
    with ExitStack() as closing:

        def in_sql(gap: timedelta | None) -> Both:
            if migrate.current(url) is not None:
                migrate.downgrade(url, revision="base")
            migrate.upgrade(url)
            engine = make_engine(url)
            closing.callback(engine.dispose)
            return SqlCaseRecord(engine, clock=FakeClock(), episode_gap=gap), SqlCaseBook(engine)

        yield in_sql


def test_a_pair_counts_once_per_episode(make: Make) -> None:
    record, _ = make(GAP)
    record.apply([telling("a", (RASH, ARMS), written_at=day(0))])
    record.apply([telling("b", (RASH, SPOTS), written_at=day(60))])
    assert counts(record).pairs == {RASH: 1}
    record.apply([telling("c", (RASH, CHEST), (COUGH, CHEST), written_at=day(300))])
    assert counts(record).pairs == {RASH: 2, COUGH: 1}
    assert counts(record).total == 2


def test_a_copy_adds_no_case_and_holds_none_open(make: Make) -> None:
    record, _ = make(GAP)
    record.apply([telling("a", (RASH, ARMS), written_at=day(0))])
    for number in (50, 100, 400):
        record.apply([telling(f"copy-{number}", (RASH, ARMS), written_at=day(number))])
    assert counts(record).pairs == {RASH: 1}
    assert record.head() == 1
    record.apply([telling("b", (RASH, SPOTS), written_at=day(110))])
    assert counts(record).pairs == {RASH: 2}


def test_a_note_between_two_episodes_makes_them_one(make: Make) -> None:
    record, _ = make(GAP)
    record.apply([telling("a", (RASH, ARMS), written_at=day(0))])
    record.apply([telling("b", (RASH, SPOTS), written_at=day(100))])
    assert counts(record).total == 2
    record.apply([telling("c", (RASH, CHEST), written_at=day(50))])
    assert counts(record).total == 1
    record.apply([retraction("c")])
    assert counts(record).total == 2


def test_history_told_again_in_other_words_counts_once_whatever_the_order(make: Make) -> None:
    first = telling("a", (RASH, ARMS), written_at=day(0))
    again = telling("b", (RASH, SPOTS), written_at=day(200))
    past = telling("c", (RASH, CHEST), written_at=day(300), assertion=Assertion.HISTORICAL)
    for order in permutations([first, again, past]):
        record, book = make(GAP)
        for note in order:
            record.apply([note])
        assert counts(record).pairs == {RASH: 2}
        case, other = sorted(book.pair_cases(RASH), key=lambda one: one.first_at)
        assert (case.texts, other.texts) == ((ARMS, CHEST), (SPOTS,))
    record.apply([telling("a", (COUGH, ARMS), written_at=day(0), version=2)])
    assert counts(record).pairs == {RASH: 1, COUGH: 1}
    record.apply([retraction("b")])
    assert counts(record).pairs == {RASH: 1, COUGH: 1}
    record.apply([retraction("a", version=2), retraction("c")])
    assert counts(record) == CountDelta()


def test_history_of_two_names_counts_once_after_a_merge_or_a_recount(make: Make) -> None:
    record, _ = make(GAP)
    hives = RASH._replace(event="hives")
    past, later = Assertion.HISTORICAL, day(200)
    record.apply([telling("a", (RASH, ARMS), patient="p", written_at=day(0))])
    record.apply([telling("b", (RASH, SPOTS), patient="q", written_at=later, assertion=past)])
    record.apply([telling("c", (hives, CHEST), patient="p", written_at=later, assertion=past)])
    assert counts(record).pairs == {RASH: 2, hives: 1}
    record.merge([merge("q", "p")])
    assert counts(record).pairs == {RASH: 1, hives: 1}
    record.remap(WordVocabulary("words-2", {"hives": "rash"}))
    assert counts(record).pairs == {RASH: 1}
    record.remap(WordVocabulary("words-1", {}))
    assert counts(record).pairs == {RASH: 1, hives: 1}


def test_the_same_report_of_two_systems_is_one(make: Make) -> None:
    record, book = make(GAP)
    record.apply(
        [
            telling("a", (RASH, ARMS), written_at=day(0), source="ehr"),
            telling("7", (RASH, ARMS.upper()), written_at=day(90), source="archive"),
        ]
    )
    assert counts(record).pairs == {RASH: 1}
    [case] = book.pair_cases(RASH)
    assert (case.first_at, case.sources, case.texts) == (day(0), {"ehr"}, (ARMS,))


def test_two_patients_with_the_same_words_are_two(make: Make) -> None:
    record, _ = make(GAP)
    record.apply([telling(p, (RASH, ARMS), patient=p, written_at=day(0)) for p in "pq"])
    assert counts(record).pairs == {RASH: 2}


def test_when_the_original_is_taken_back_its_copy_stands_for_it(make: Make) -> None:
    record, book = make(GAP)
    record.apply([telling("a", (RASH, ARMS), written_at=day(0))])
    record.apply([telling("b", (RASH, ARMS), written_at=day(100))])
    record.apply([retraction("a")])
    assert counts(record).pairs == {RASH: 1}
    assert [case.first_at for case in book.pair_cases(RASH)] == [day(100)]
    record.apply([retraction("b")])
    assert counts(record) == CountDelta()


def test_an_original_that_arrives_late_takes_the_place_of_its_copy(make: Make) -> None:
    record, book = make(GAP)
    record.apply([telling("copy", (RASH, ARMS), written_at=day(100))])
    record.apply([telling("original", (RASH, ARMS), written_at=day(0))])
    assert counts(record).pairs == {RASH: 1}
    assert [case.first_at for case in book.pair_cases(RASH)] == [day(0)]


def test_every_order_of_arrival_gives_the_same_cases(make: Make) -> None:
    notes = [
        telling("a", (RASH, ARMS), written_at=day(0)),
        telling("b", (RASH, ARMS), (COUGH, SPOTS), written_at=day(50)),
        telling("c", (RASH, SPOTS), written_at=day(100), patient="retired"),
        telling("c", (RASH, CHEST), written_at=day(55), version=2, patient="retired"),
    ]
    events: list[Extraction | PatientMerge] = [*notes, merge("retired", "patient-1")]
    orders = list(permutations(events))
    seen = []
    for order in random.Random(5).sample(orders, 12):
        record, book = make(GAP)
        for event in order:
            if isinstance(event, PatientMerge):
                record.merge([event])
            else:
                record.apply([event])
        seen.append((counts(record), list(book.cases()), book.pair_cases(RASH)))
    assert all(one == seen[0] for one in seen)
    assert seen[0][0].pairs == {RASH: 1, COUGH: 1}


def test_text_copied_forward_changes_no_count(make: Make) -> None:
    stream = copied_stream(7, notes=150, patients=10)
    plain, book = make(GAP)
    plain.apply(stream.plain)
    expected, cases = counts(plain), list(book.cases())
    copied, book = make(GAP)
    shuffled = random.Random(7).sample(stream.copied, len(stream.copied))
    for start in range(0, len(shuffled), 8):
        copied.apply(shuffled[start : start + 8])
    assert counts(copied) == expected
    assert list(book.cases()) == cases


def test_a_merge_makes_two_cases_one_in_one_entry(make: Make) -> None:
    record, book = make(None)
    record.apply(
        [
            telling("a", (RASH, ARMS), patient="p"),
            telling("b", (RASH, SPOTS), (COUGH, SPOTS), patient="q"),
            telling("c", (BLEEDING, CHEST), patient="r"),
        ]
    )
    assert counts(record).pairs == {RASH: 2, COUGH: 1, BLEEDING: 1}
    assert record.merge([merge("q", "p")]) == Applied(applied=1, ignored=0)
    assert counts(record).pairs == {RASH: 1, COUGH: 1, BLEEDING: 1}
    assert counts(record).total == 2
    assert record.head() == 2
    assert len(book.pair_cases(RASH)) == 1
    record.apply([telling("d", (COUGH, CHEST), patient="q"), telling("e", (RASH, ARMS))])
    assert counts(record).pairs == {RASH: 2, COUGH: 1, BLEEDING: 1}


def test_a_merge_again_or_in_a_circle_changes_nothing(make: Make) -> None:
    record, _ = make(None)
    record.apply([telling(p, (RASH, ARMS), patient=p) for p in "pqr"])
    record.merge([merge("p", "q"), merge("q", "r"), merge("p", "q")])
    assert counts(record).pairs == {RASH: 1}
    head = record.head()
    assert record.merge([merge("q", "r"), merge("p", "q")]) == Applied(applied=0, ignored=2)
    assert record.merge([merge("r", "p")]) == Applied(applied=1, ignored=0)
    assert record.merge([]) == Applied(applied=0, ignored=0)
    assert record.head() == head


def test_merges_in_any_order_before_or_after_the_notes_count_the_same(make: Make) -> None:
    merges = [merge("a", "b"), merge("b", "c"), merge("d", "c")]
    for order in random.Random(5).sample(list(permutations([*merges, None])), 8):
        record, _ = make(GAP)
        for one in order:
            if one is None:
                record.apply([telling(p, (RASH, ARMS), patient=p) for p in "abcde"])
            else:
                record.merge([one])
        assert counts(record).pairs == {RASH: 2}


def test_after_a_merge_the_text_of_one_name_can_be_a_copy_of_the_other(make: Make) -> None:
    record, book = make(GAP)
    record.apply([telling("a", (RASH, ARMS), patient="p", written_at=day(0))])
    record.apply([telling("b", (RASH, ARMS), patient="q", written_at=day(200))])
    assert counts(record).pairs == {RASH: 2}
    record.merge([merge("p", "q")])
    assert counts(record).pairs == {RASH: 1}
    record.apply([retraction("b", patient="q")])
    assert counts(record).pairs == {RASH: 1}
    assert [case.first_at for case in book.pair_cases(RASH)] == [day(0)]


def test_a_recount_under_other_names_finds_the_copies_among_them(make: Make) -> None:
    record, _ = make(GAP)
    hives = RASH._replace(event="hives")
    record.apply([telling("a", (RASH, ARMS), written_at=day(0))])
    record.apply([telling("b", (hives, ARMS), written_at=day(200))])
    assert counts(record).total == 2
    record.remap(WordVocabulary("words-2", {"hives": "rash"}))
    assert counts(record).pairs == {RASH: 1}
    record.remap(WordVocabulary("words-1", {}))
    assert counts(record).pairs == {RASH: 1, hives: 1}
    assert counts(record).total == 2


def test_what_is_settled_can_be_settled_again(make: Make) -> None:
    record, _ = make(GAP)
    record.apply([telling("a", (RASH, ARMS)), telling("b", (RASH, ARMS), (COUGH, SPOTS))])
    assert record.resettle() == Resettled(read=3, moved=0, sequence=None)
    assert record.head() == 1
