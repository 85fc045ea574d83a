"""One patient and one report, sent as HL7 v2 by one system and as FHIR by another, are one case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import permutations

import pytest

from services.adapters import wire
from services.adapters.sql.case_book import SqlCaseBook
from services.adapters.sql.case_record import SqlCaseRecord
from services.aggregate.merging import MergeStage
from services.core.contracts import Extraction, Note, PatientMerge
from services.core.ports import Message
from services.core.reading import Reading
from services.core.statistics_ports import CaseBook
from services.ingest.recognise import parse
from tests.connections import record_engine
from tests.fakes.case_book import MemoryCaseBook
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import START, FakeClock
from tests.fakes.copied_stream import GAP
from tests.fakes.counting import Counting
from tests.fakes.extractions import RASH, telling
from tests.fakes.faults import Faults
from tests.fakes.hot_counts import MemoryHotCounts
from tests.fakes.publisher import MemoryPublisher
from tests.samples.hospital import INTAKE, TEXT, bundle, document, encoded, hl7, patient

MRN = "urn:oid:1.2.36.146.595.217.0.1"
JOINING = replace(INTAKE, authorities={MRN: "HOSP"})
NUMBERS = [
    {"system": "urn:insurer", "value": "A123", "type": {"coding": [{"code": "NI"}]}},
    {"system": MRN, "value": "4711", "type": {"coding": [{"code": "MR"}]}},
]
MDM = hl7().encode()
BUNDLE = encoded(bundle(patient(identifier=NUMBERS), document()))

Both = tuple[Counting, CaseBook]


@pytest.fixture(params=["memory", "sqlite_record"])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    """What counts, and the book of its cases."""
    if request.param == "memory":
        memory = MemoryCaseRecord(clock=FakeClock(), episode_gap=GAP)
        yield _counting(memory), MemoryCaseBook(memory)
        return
    engine = record_engine(request.getfixturevalue(request.param))
    record = SqlCaseRecord(engine, clock=FakeClock(), episode_gap=GAP)
    yield _counting(record), SqlCaseBook(engine)
    engine.dispose()


def _counting(record: MemoryCaseRecord | SqlCaseRecord) -> Counting:
    faults = Faults()
    return Counting(record, MemoryHotCounts(), MemoryPublisher(faults=faults), faults)


def read_both(fhir: bytes = BUNDLE, *, joining: bool = True) -> tuple[Reading, Reading]:
    intake = JOINING if joining else INTAKE
    return parse(MDM, intake), parse(fhir, replace(intake, source="clinic"))


async def count(counting: Counting, *readings: Reading) -> None:
    """What extraction finds in the notes, then the merges."""
    aggregator = counting.aggregator()
    await aggregator.recover()
    await aggregator.handle([_extracted(note) for one in readings for note in one.notes])
    await apply(counting, [merge for one in readings for merge in one.merges])


async def apply(counting: Counting, merges: Sequence[PatientMerge]) -> None:
    """The worker `merge`, with messages as the gateway writes them."""
    stage = MergeStage(counting.aggregator(), decode=partial(wire.decode, PatientMerge))
    assert not await stage.process(
        [
            Message("ehr.merges", 0, offset, START, None, wire.encode(merge), {})
            for offset, merge in enumerate(merges)
        ]
    )


def _extracted(note: Note) -> Extraction:
    return telling(
        note.note_id,
        (RASH, note.text),
        patient=note.patient_key,
        written_at=note.written_at,
        source=note.source,
        version=note.version,
    )


async def test_the_same_report_by_hl7_and_by_fhir_is_one_case(both: Both) -> None:
    counting, book = both
    by_hl7, by_fhir = read_both()
    await count(counting, replace(by_hl7, merges=()), replace(by_fhir, merges=()))
    assert (await counting.settled()).pairs == {RASH: 2}  # until the merges are applied

    await apply(counting, by_fhir.merges)
    counts = await counting.settled()
    assert (counts.pairs, counts.total) == ({RASH: 1}, 1)
    (case,) = book.pair_cases(RASH)
    assert case.texts == (TEXT,)
    assert len(list(book.cases())) == 1


async def test_sending_all_of_it_again_changes_nothing(both: Both) -> None:
    counting, _ = both
    await count(counting, *read_both())
    head = counting.record.head()
    await count(counting, *read_both())
    assert counting.record.head() == head
    assert (await counting.settled()).pairs == {RASH: 1}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_order_of_notes_and_merges_does_not_matter(
    both: Both, order: tuple[int, ...]
) -> None:
    counting, _ = both
    by_hl7, by_fhir = read_both()
    parts = [by_hl7, replace(by_fhir, merges=()), Reading(merges=by_fhir.merges)]
    for number in order:
        await count(counting, parts[number])
    assert (await counting.settled()).pairs == {RASH: 1}


async def test_without_the_setting_the_two_worlds_stay_apart(both: Both) -> None:
    counting, _ = both
    await count(counting, *read_both(joining=False))
    assert (await counting.settled()).pairs == {RASH: 2}


async def test_notes_from_before_the_setting_belong_to_the_patient_as_well(both: Both) -> None:
    counting, _ = both
    contained = document(
        id="doc-0", subject={"reference": "#p"}, contained=[patient(id="p", identifier=NUMBERS)]
    )
    await count(counting, *read_both(encoded(contained), joining=False))
    assert (await counting.settled()).pairs == {RASH: 2}
    await count(counting, *read_both())
    assert (await counting.settled()).pairs == {RASH: 1}


async def test_a_patient_of_another_number_stays_another(both: Both) -> None:
    counting, _ = both
    other = [NUMBERS[0], NUMBERS[1] | {"value": "4712"}]
    await count(counting, *read_both(encoded(bundle(patient(identifier=other), document()))))
    assert (await counting.settled()).pairs == {RASH: 2}


async def test_the_ways_of_fhir_to_name_a_patient_are_one_without_the_setting(both: Both) -> None:
    counting, _ = both
    someone = patient(identifier=NUMBERS)
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": patient(id=None, identifier=NUMBERS)},
        {"resource": document(id="doc-2", subject={"reference": "urn:uuid:1"})},
    ]
    contained = document(id="doc-3", subject={"reference": "#p-1"}, contained=[someone])
    message: dict[str, object] = {"resourceType": "Bundle", "type": "message", "entry": entries}
    without = document(id="doc-4")
    sent = [contained, message, without, bundle(someone, document())]
    intake = replace(INTAKE, source="clinic")
    for number, resource in enumerate(sent):
        await count(counting, parse(encoded(resource), intake))
        expected = {0: 1, 1: 1, 2: 2, 3: 1}[number]
        assert (await counting.settled()).pairs == {RASH: expected}
