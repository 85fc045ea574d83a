"""Recounting history under another vocabulary: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.engine import reading
from services.adapters.sql.former_names import FormerName, former_names
from services.adapters.sql.tables import EvidenceRow, FormerConceptRow, NoteRow, RemappingRow
from services.core.contracts import Assertion, Coding, MentionType, Named, Pair
from services.core.counting_ports import Applied, CaseRecord, Remapped
from services.core.counts import CountDelta, combine
from services.core.ports import Vocabulary
from tests.connections import record_engine
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import START, FakeClock
from tests.fakes.counting import Counting
from tests.fakes.extractions import COUGH, RASH, VERSIONS, extraction, retraction
from tests.fakes.faults import Faults
from tests.fakes.hot_counts import MemoryHotCounts
from tests.fakes.publisher import MemoryPublisher
from tests.fakes.vocabulary import WordVocabulary

HIVES = Pair(RASH.drug, "hives")
SKIN = Pair(RASH.drug, "skin reaction")
MERGED = WordVocabulary("words-2", {"rash": SKIN.event, "hives": SKIN.event})
DATABASES = ["sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]


@pytest.fixture(params=["memory", *DATABASES])
def record(request: pytest.FixtureRequest) -> Iterator[CaseRecord]:
    if request.param == "memory":
        yield MemoryCaseRecord(clock=FakeClock())
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield SqlCaseRecord(engine, clock=FakeClock())
    engine.dispose()


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield engine
    engine.dispose()


def counts(record: CaseRecord) -> CountDelta:
    sequence, derived = record.counts()
    assert sequence == record.head()
    assert combine(entry.delta for entry in record.entries(0, 1000)) == derived
    return derived


def test_two_names_become_one_in_one_entry_and_a_case_counts_once(record: CaseRecord) -> None:
    record.apply(
        [
            extraction("a", RASH, patient="p"),
            extraction("b", HIVES, patient="p"),
            extraction("c", HIVES, patient="q"),
            extraction("d", COUGH, patient="q"),
        ]
    )
    assert record.remap(MERGED) == Remapped(read=4, renamed=3, cases=2, sequence=2)
    assert counts(record).pairs == {SKIN: 2, COUGH: 1}
    assert counts(record).total == 2
    assert record.head() == 2


def test_a_recount_again_changes_nothing(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH), extraction("b", HIVES, patient="q")])
    record.remap(MERGED)
    before = counts(record)
    assert record.remap(MERGED) == Remapped(read=2, renamed=0, cases=0, sequence=None)
    assert counts(record) == before
    assert record.head() == 2


def test_an_empty_record_can_be_remapped(record: CaseRecord) -> None:
    assert record.remap(MERGED) == Remapped(read=0, renamed=0, cases=0, sequence=None)
    assert record.head() == 0


def test_what_does_not_count_is_renamed_and_changes_no_count(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH, assertion=Assertion.NEGATED)])
    assert record.remap(MERGED) == Remapped(read=1, renamed=1, cases=0, sequence=None)
    assert counts(record) == CountDelta()


def test_back_to_the_old_names_counts_as_before(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH), extraction("b", HIVES, patient="q")])
    before = counts(record)
    record.remap(MERGED)
    record.remap(WordVocabulary("words-1", {}))
    assert counts(record) == before
    record.remap(MERGED)
    assert counts(record).pairs == {SKIN: 2}


def test_the_versions_behind_a_pair_name_the_new_vocabulary(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH), extraction("b", COUGH)])
    record.remap(MERGED)
    expected = (replace(VERSIONS, vocabulary="words-2"),)
    assert record.versions_of(SKIN) == expected
    assert record.versions_of(COUGH) == expected
    assert record.versions_of(RASH) == ()


def test_a_repeated_message_does_not_undo_a_recount(record: CaseRecord) -> None:
    note = extraction("a", RASH)
    record.apply([note])
    record.remap(MERGED)
    assert record.apply([note]) == Applied(applied=0, ignored=1)
    assert counts(record).pairs == {SKIN: 1}


def test_a_remapped_note_can_be_amended_and_taken_back(record: CaseRecord) -> None:
    record.apply([extraction("a", RASH), extraction("b", RASH, patient="q")])
    record.remap(MERGED)
    record.apply([extraction("a", COUGH, version=2), retraction("b")])
    assert counts(record).pairs == {COUGH: 1}


def test_what_a_note_says_an_abbreviation_means_is_what_is_looked_up(record: CaseRecord) -> None:
    note = extraction("a", Pair("mtx", "rash"))
    drug = replace(note.mentions[0], expansion="mitoxantrone")
    record.apply([replace(note, mentions=(drug, *note.mentions[1:]))])
    record.remap(WordVocabulary("words-2", {"mtx": "methotrexate", "mitoxantrone": "mitoxantron"}))
    assert counts(record).pairs == {Pair("mitoxantron", "rash"): 1}


def test_an_explanation_nobody_knows_leaves_the_usual_meaning(record: CaseRecord) -> None:
    note = extraction("a", Pair("mtx", "rash"))
    drug = replace(note.mentions[0], expansion="methyl-x")
    record.apply([replace(note, mentions=(drug, *note.mentions[1:]))])
    record.remap(WordVocabulary("words-2", {"mtx": "methotrexate"}))
    assert counts(record).pairs == {Pair("methotrexate", "rash"): 1}


def test_the_old_concept_and_the_recount_are_kept(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    record.apply([extraction("a", RASH, COUGH)])
    record.remap(MERGED)
    with reading(engine) as connection:
        (former,) = connection.execute(select(FormerConceptRow)).all()
        (recount,) = connection.execute(select(RemappingRow)).all()
        rows = connection.execute(select(EvidenceRow)).all()
    assert (former.drug, former.event, former.position) == (*RASH, 0)
    assert former.vocabulary_version == "words-1"
    assert (recount.vocabulary_version, recount.renamed, recount.ledger_sequence) == (
        "words-2",
        1,
        2,
    )
    coded = {(row.event, row.event_system, row.event_code, row.event_score) for row in rows}
    assert coded == {(SKIN.event, "test", "SKIN REACTION", 1.0), (COUGH.event, None, None, None)}
    assert {row.vocabulary_version for row in rows} == {"words-2"}


class Coded(Vocabulary):
    """Every name keeps its wording; its code is of another system in each vocabulary."""

    def __init__(self, version: str, system: str, score: float) -> None:
        self._version, self._system, self._score = version, system, score

    @property
    def version(self) -> str:
        return self._version

    def name(self, mention_type: MentionType, surface: str) -> Named:
        return Named(surface, self.coding(surface))

    def coding(self, surface: str) -> Coding:
        return Coding(self._system, surface.upper(), f"{self._system} 1", self._score)


def test_another_code_of_the_same_name_does_not_lose_the_old_one(engine: Engine) -> None:
    clock = FakeClock()
    record = SqlCaseRecord(engine, clock=clock)
    record.apply([extraction("a", RASH, COUGH), extraction("b", RASH, patient="q")])
    drugbank, rxnorm = Coded("words-2", "DrugBank", 0.75), Coded("words-3", "RxNorm", 1.0)
    record.remap(drugbank)
    clock.advance(timedelta(days=1))
    changed = record.remap(rxnorm)
    assert (changed.renamed, changed.cases, changed.sequence) == (0, 0, None)
    bare = FormerName(
        remapping=1, until=START, vocabulary="words-1", relations=2,
        drug=Named(RASH.drug, None), event=Named(RASH.event, None),
    )  # fmt: skip
    coded = FormerName(
        remapping=2, until=START + timedelta(days=1), vocabulary="words-2", relations=2,
        drug=Named(RASH.drug, drugbank.coding(RASH.drug)),
        event=Named(RASH.event, drugbank.coding(RASH.event)),
    )  # fmt: skip
    assert former_names(engine, RASH) == [bare, coded]
    record.apply([retraction("b", patient="q")])
    assert former_names(engine, RASH) == [replace(bare, relations=1), replace(coded, relations=1)]
    record.remap(rxnorm)
    assert len(former_names(engine, RASH)) == 2


def test_what_was_called_otherwise_is_found_under_its_new_name(engine: Engine) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    record.apply([extraction("a", RASH), extraction("b", HIVES, patient="q")])
    record.remap(MERGED)
    assert [one.event.concept for one in former_names(engine, SKIN)] == [HIVES.event, RASH.event]
    assert former_names(engine, RASH) == former_names(engine, COUGH) == []


def test_a_recount_that_recodes_nothing_still_says_which_vocabulary_was_in_use(
    engine: Engine,
) -> None:
    record = SqlCaseRecord(engine, clock=FakeClock())
    record.remap(WordVocabulary("words-0", {}))
    record.apply([extraction("a", RASH)])
    for version in ("words-1", "words-2", "words-2", "words-3"):
        record.remap(WordVocabulary(version, {}))
    with reading(engine) as connection:
        recounts = connection.execute(select(RemappingRow)).all()
        [row] = connection.execute(select(EvidenceRow)).all()
        [note] = connection.execute(select(NoteRow)).all()
        assert connection.execute(select(FormerConceptRow)).all() == []
    assert [(one.remapping_id, one.vocabulary_version) for one in recounts] == [
        (1, "words-2"),
        (2, "words-3"),
    ]
    assert (note.vocabulary_version, row.vocabulary_version) == ("words-1", "words-3")


async def test_hot_counts_and_announcements_follow() -> None:
    faults = Faults()
    record = MemoryCaseRecord(clock=FakeClock())
    counting = Counting(record, MemoryHotCounts(), MemoryPublisher(), faults)
    aggregator = counting.aggregator()
    await aggregator.handle([extraction("a", RASH), extraction("b", HIVES, patient="q")])
    await aggregator.remap(MERGED)
    assert (await counting.settled()).pairs == {SKIN: 2}
    assert (await aggregator.verify()).agrees
