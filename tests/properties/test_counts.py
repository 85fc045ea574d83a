"""Whatever the order, the repeats and the batches: only the winning versions count."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.adapters.sql import migrate
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.engine import make_engine
from services.core.contracts import Assertion, Extraction, Pair
from services.core.counting_ports import CaseRecord
from services.core.counts import CountDelta, case_delta, combine
from services.core.tables import Tables
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import extraction, retraction

pairs = st.builds(Pair, st.sampled_from("abc"), st.sampled_from("xyz"))
patients = st.sampled_from(["p", "q", "r"])
case_pairs = st.frozensets(pairs, max_size=5)


@st.composite
def histories(draw: st.DrawFn) -> list[Extraction]:
    """Notes with versions, moves between patients and retractions; no two differ under one
    precedence, because the same version of a note is read the same way."""
    history: list[Extraction] = []
    for note in range(draw(st.integers(1, 5))):
        for version in range(1, draw(st.integers(1, 4)) + 1):
            found = draw(st.lists(pairs, max_size=4))
            asserted = draw(
                st.lists(st.sampled_from(Assertion), min_size=len(found), max_size=len(found))
            )
            patient = draw(patients)
            history.append(
                extraction(f"n{note}", *found, version=version, patient=patient, assertion=asserted)
            )
            if draw(st.integers(0, 4)) == 0:
                history.append(retraction(f"n{note}", version=version, patient=patient))
    return history


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Extraction]]:
    """A history with repeats, shuffled, cut into batches."""
    history = draw(histories())
    repeats = draw(st.lists(st.sampled_from(history), max_size=6))
    queue = draw(st.permutations(history + repeats))
    batches: list[list[Extraction]] = []
    while queue:
        size = draw(st.integers(1, len(queue)))
        batches.append(list(queue[:size]))
        queue = queue[size:]
    return batches


def oracle(batches: Sequence[Sequence[Extraction]]) -> dict[str, object]:
    """Counts from the definition: of each note the last version, of each patient the pairs."""
    winners: dict[str, Extraction] = {}
    for note in sorted(
        (note for batch in batches for note in batch),
        key=lambda note: (note.version, note.status.value == "retracted"),
    ):
        winners[note.note_id] = note
    rows = set()
    for note in winners.values():
        names = {mention.mention_id: mention.concept for mention in note.mentions}
        for relation in note.relations:
            if relation.assertion.value in ("affirmed", "historical"):
                rows.add((note.patient_key, names[relation.drug_id], names[relation.event_id]))
    drug_of, event_of = {(p, d) for p, d, _ in rows}, {(p, e) for p, _, e in rows}
    beside = [
        (p, d, e) for p, d in drug_of for q, e in event_of if p == q and (p, d, e) not in rows
    ]
    return {
        "n11": {(d, e): len({p for p, *de in rows if de == [d, e]}) for _, d, e in rows},
        "unattributed": {
            (d, e): [(f, g) for _, f, g in beside].count((d, e)) for _, d, e in beside
        },
        "drugs": {d: len({p for p, other, _ in rows if other == d}) for _, d, _ in rows},
        "events": {e: len({p for p, _, other in rows if other == e}) for _, _, e in rows},
        "total": len({p for p, *_ in rows}),
    }


def plain(counts: CountDelta) -> dict[str, object]:
    return {
        "n11": {tuple(pair): number for pair, number in counts.pairs.items()},
        "unattributed": {tuple(pair): number for pair, number in counts.unattributed.items()},
        "drugs": dict(counts.drugs),
        "events": dict(counts.events),
        "total": counts.total,
    }


def check(record: CaseRecord, batches: Sequence[Sequence[Extraction]]) -> None:
    for batch in batches:
        record.apply(batch)
    sequence, derived = record.counts()
    assert plain(derived) == oracle(batches)
    entries = record.entries(0, 1000)
    assert combine(entry.delta for entry in entries) == derived
    assert [entry.sequence for entry in entries] == list(range(1, sequence + 1))
    for batch in batches:
        assert record.apply(batch).applied == 0
    assert record.head() == sequence


@pytest.fixture(scope="module")
def empty_database() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        migrate.upgrade(f"sqlite:///{path}")
        yield path


@given(deliveries())
@settings(max_examples=200, deadline=None)
def test_the_fake_counts_the_winners(batches: list[list[Extraction]]) -> None:
    check(MemoryCaseRecord(clock=FakeClock()), batches)


@given(batches=deliveries())
@settings(max_examples=60, deadline=None)
def test_the_record_counts_the_winners(
    empty_database: Path, batches: list[list[Extraction]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.sqlite"
        shutil.copy(empty_database, path)
        engine = make_engine(f"sqlite:///{path}")
        check(SqlCaseRecord(engine, clock=FakeClock()), batches)
        engine.dispose()


@given(case_pairs, case_pairs, case_pairs)
def test_a_detour_of_a_case_changes_nothing(
    start: frozenset[Pair], detour: frozenset[Pair], end: frozenset[Pair]
) -> None:
    direct = case_delta(start, end)
    assert combine([case_delta(start, detour), case_delta(detour, end)]) == direct


def recount(cases: Iterable[frozenset[Pair]]) -> CountDelta:
    nothing: frozenset[Pair] = frozenset()
    return combine(case_delta(nothing, case) for case in cases)


def cell(case: frozenset[Pair], pair: Pair) -> str:
    """The cell of a pair's table that a case belongs to, in words."""
    if pair in case:
        return "a"
    if any(drug == pair.drug for drug, _ in case):
        return "b"
    return "c" if any(event == pair.event for _, event in case) else "d"


@given(st.lists(case_pairs))
def test_every_case_is_in_one_cell_of_every_table(cases: list[frozenset[Pair]]) -> None:
    counts = recount(cases)
    universe = [case for case in cases if case]
    everywhere = [Pair(drug, event) for drug in "abcd" for event in "xyz"]
    tables = Tables.from_tables([counts.table(pair) for pair in everywhere])
    for index, pair in enumerate(everywhere):
        expected = Counter(cell(case, pair) for case in universe)
        found = {
            name: int(numbers[index])
            for name, numbers in zip(
                "abcd", (tables.n11, tables.b, tables.c, tables.d), strict=True
            )
        }
        assert found == {name: expected[name] for name in "abcd"}
        assert sum(found.values()) == counts.total == len(universe)


@given(st.lists(st.tuples(st.integers(0, 3), case_pairs), max_size=12))
def test_changes_one_by_one_add_up_to_the_recount(
    changes: list[tuple[int, frozenset[Pair]]],
) -> None:
    cases = dict.fromkeys(range(4), frozenset[Pair]())
    counts = CountDelta()
    for number, after in changes:
        counts = combine([counts, case_delta(cases[number], after)])
        cases[number] = after
        assert counts == recount(cases.values())
