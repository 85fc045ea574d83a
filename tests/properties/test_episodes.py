"""Whatever the order of arrival: copies, episodes and merges give the counts of the definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core import identity
from services.core.contracts import Assertion, Extraction, Pair, PatientMerge
from services.core.copies import Place
from services.core.counts import CountDelta, combine
from services.core.settlement import Statement, Verdict, change, pairs_of, settle
from tests.fakes.case_record import MemoryCaseRecord
from tests.fakes.clock import FakeClock
from tests.fakes.copied_stream import GAP, copied_stream
from tests.fakes.extractions import retraction, telling

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = (
    "A rash spread over both arms soon after the first tablets of amoxicillin were taken.",
    "As noted: a rash spread over both arms soon after the first tablets of amoxicillin were taken",
    "A rash spread over both legs soon after the first tablets of amoxicillin were taken.",
    "Itching red spots were seen by the nurse; amoxicillin was blamed and stopped at once.",
    "Allergy: amoxicillin",
)
pairs = st.builds(Pair, st.sampled_from("ab"), st.sampled_from("xy"))
texts = st.sampled_from(TEXTS)
assertions = st.sampled_from([Assertion.AFFIRMED, Assertion.HISTORICAL])
days = st.integers(0, 120)
gaps = st.sampled_from([None, timedelta(days=5), timedelta(days=40)])


@st.composite
def evidence(draw: st.DrawFn) -> list[list[Statement]]:
    """Notes of one patient, each a list of statements."""
    notes = []
    for number in range(draw(st.integers(1, 8))):
        at = NEW_YEAR + timedelta(days=draw(days))
        told = draw(st.lists(st.tuples(pairs, texts, assertions), min_size=1, max_size=3))
        notes.append(
            [
                Statement(
                    place=Place(f"n{number}", position),
                    pair=pair,
                    assertion=assertion,
                    written_at=at,
                    text=text,
                )
                for position, (pair, text, assertion) in enumerate(told)
            ]
        )
    return notes


def recalled(one: Statement, statements: Iterable[Statement]) -> bool:
    """Whether it tells as history what an earlier note told already."""
    return one.assertion is Assertion.HISTORICAL and any(
        other.pair == one.pair and other.moment < one.moment for other in statements
    )


@given(evidence(), gaps, st.data())
def test_note_by_note_in_any_order_is_as_all_at_once(
    notes: list[list[Statement]], gap: timedelta | None, data: st.DataObject
) -> None:
    """As the record does it: only originals, and what was written since, are looked at again."""
    everything = [one for note in notes for one in note]
    at_once = settle("person", everything, gap=gap)
    passing = data.draw(st.sampled_from(notes))  # comes, is taken back, and comes again
    order = data.draw(st.permutations([*notes, passing, passing]))
    standing: dict[Place, Statement] = {}
    verdicts: dict[Place, Verdict] = {}
    for note in order:
        since, gone = note[0].moment, note[0].place in standing
        for one in note:
            verdicts.pop(one.place, None)
            if gone:
                del standing[one.place]
            else:
                standing[one.place] = one
        needed = [
            one
            for one in standing.values()
            if one.moment >= since or verdicts[one.place].copy_of is None
        ]
        verdicts.update(settle("person", needed, gap=gap, since=since, settled=verdicts))
    assert verdicts == at_once


@given(evidence(), gaps)
def test_a_copy_is_of_an_original_of_its_pair_and_case(
    notes: list[list[Statement]], gap: timedelta | None
) -> None:
    statements = {one.place: one for note in notes for one in note}
    verdicts = settle("person", statements.values(), gap=gap)
    for place, verdict in verdicts.items():
        if verdict.copy_of is not None:
            source = verdicts[verdict.copy_of]
            assert source == Verdict(verdict.case_key)
            assert statements[verdict.copy_of].pair == statements[place].pair
            assert statements[verdict.copy_of].moment < statements[place].moment


@given(evidence(), st.sampled_from([timedelta(days=5), timedelta(days=40)]))
def test_episodes_are_what_the_reports_alone_make(
    notes: list[list[Statement]], gap: timedelta
) -> None:
    """Reports: neither copies nor the history of what was told before."""
    statements = [one for note in notes for one in note]
    verdicts = settle("person", statements, gap=gap)
    originals = sorted(
        (one for one in statements if verdicts[one.place].copy_of is None),
        key=lambda one: one.moment,
    )
    reports = [one for one in originals if not recalled(one, statements)]
    first = ""
    for earlier, one in zip([None, *reports], reports, strict=False):
        if earlier is None or one.written_at - earlier.written_at > gap:
            first = one.place.note_key
        assert verdicts[one.place].case_key == identity.episode_key("person", first)
    for one in originals:
        if recalled(one, statements):
            of_pair = next(report for report in reports if report.pair == one.pair)
            assert verdicts[one.place].case_key == verdicts[of_pair.place].case_key


@given(evidence(), gaps)
def test_known_history_in_words_of_its_own_changes_no_count(
    notes: list[list[Statement]], gap: timedelta | None
) -> None:
    """Without copies, so that no report is left without its source."""
    told = [
        replace(one, text=f"{one.place.note_key}x{one.place.position}")
        for note in notes
        for one in note
    ]
    fresh = [one for one in told if not recalled(one, told)]
    with_history = pairs_of(told, settle("person", told, gap=gap))
    without = pairs_of(fresh, settle("person", fresh, gap=gap))
    assert with_history == without
    assert not change(with_history, without)


patients = st.sampled_from("pqrs")
Event = Extraction | PatientMerge


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Versions of notes, retractions, and merges of patients."""
    history: list[Event] = []
    for number in range(draw(st.integers(1, 5))):
        for version in range(1, draw(st.integers(1, 3)) + 1):
            told = draw(st.lists(st.tuples(pairs, texts), max_size=3))
            said = [draw(assertions) for _ in told]
            patient, at = draw(patients), NEW_YEAR + timedelta(days=draw(days))
            history.append(
                telling(
                    f"n{number}",
                    *told,
                    patient=patient,
                    written_at=at,
                    version=version,
                    assertion=said,
                )
            )
            if draw(st.integers(0, 4)) == 0:
                history.append(retraction(f"n{number}", version=version, patient=patient))
    for _ in range(draw(st.integers(0, 3))):
        one, other = draw(patients), draw(patients)
        if one != other:
            history.append(
                PatientMerge(source="adt", surviving=one, retired=other, occurred_at=NEW_YEAR)
            )
    return history


def counted(history: list[Event], gap: timedelta | None) -> CountDelta:
    record = MemoryCaseRecord(clock=FakeClock(), episode_gap=gap)
    for event in history:
        if isinstance(event, PatientMerge):
            record.merge([event])
        else:
            record.apply([event])
    assert combine(entry.delta for entry in record.entries(0, 1000)) == record.counts()[1]
    return record.counts()[1]


@given(histories(), gaps, st.data())
def test_no_order_of_notes_and_merges_makes_a_difference(
    history: list[Event], gap: timedelta | None, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations([*history, *history]))
    assert counted(shuffled, gap) == counted(history, gap)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gap", [None, GAP])
def test_text_copied_forward_changes_no_count(seed: int, gap: timedelta | None) -> None:
    stream = copied_stream(seed, notes=300, patients=20)

    def counts(notes: list[Extraction]) -> CountDelta:
        record = MemoryCaseRecord(clock=FakeClock(), episode_gap=gap)
        record.apply(notes)
        return record.counts()[1]

    longer = [len(a.relations) > len(b.relations) for a, b in zip(
        stream.copied, stream.plain, strict=True)]  # fmt: skip
    assert sum(longer) > 0.25 * len(longer)
    assert counts(stream.copied) == counts(stream.plain)
    # The additional text is what would have made a difference to episodes.
    assert (counts(stream.retold) == counts(stream.plain)) == (gap is None)
