"""Changes of the counts when the pairs of a case change."""

from __future__ import annotations

from services.core.contracts import Pair, Table
from services.core.counts import CountDelta, case_delta, combine, unattributed
from services.core.tables import Tables

A_X, A_Y, B_X, B_Y = Pair("a", "x"), Pair("a", "y"), Pair("b", "x"), Pair("b", "y")


def test_a_new_case_counts_once_in_every_margin() -> None:
    assert case_delta(set(), {A_X, A_Y}) == CountDelta(
        pairs={A_X: 1, A_Y: 1}, drugs={"a": 1}, events={"x": 1, "y": 1}, total=1
    )


def test_an_unchanged_case_changes_nothing() -> None:
    assert not case_delta({A_X}, {A_X})
    assert not case_delta(set(), set())


def test_a_case_that_loses_a_pair_keeps_the_margins_it_still_has() -> None:
    assert case_delta({A_X, A_Y, B_X, B_Y}, {A_X, A_Y, B_Y}) == CountDelta(
        pairs={B_X: -1}, unattributed={B_X: 1}
    )


def test_a_case_that_loses_its_last_pair_leaves_the_universe() -> None:
    assert case_delta({A_X}, set()) == CountDelta(
        pairs={A_X: -1}, drugs={"a": -1}, events={"x": -1}, total=-1
    )


def test_a_case_that_changes_its_pair_stays_in_the_universe() -> None:
    assert case_delta({A_X}, {B_X}) == CountDelta(pairs={A_X: -1, B_X: 1}, drugs={"a": -1, "b": 1})


def test_taking_back_is_the_reverse() -> None:
    forth, back = case_delta({A_X}, {A_Y, B_X}), case_delta({A_Y, B_X}, {A_X})
    assert forth
    assert not combine([forth, back])


def test_changes_that_cancel_out_disappear_from_a_sum() -> None:
    total = combine([case_delta(set(), {A_X, B_X}), case_delta({A_X}, set())])
    assert total == CountDelta(pairs={B_X: 1}, drugs={"b": 1})


def test_the_sum_of_nothing_is_nothing() -> None:
    assert not combine([])


def test_a_table_reads_the_margins_of_its_pair() -> None:
    counts = combine(
        [case_delta(set(), {A_X, A_Y}), case_delta(set(), {A_X}), case_delta(set(), {B_X})]
    )
    assert counts.table(A_X) == Table(n11=2, drug=2, event=3, total=3)
    assert counts.table(Pair("b", "y")) == Table(n11=0, drug=1, event=1, total=3)
    assert counts.table(Pair("c", "z")) == Table(n11=0, drug=0, event=0, total=3)


def test_only_several_drugs_with_several_events_leave_something_unattributed() -> None:
    assert unattributed(set()) == unattributed({A_X}) == set()
    assert unattributed({A_X, A_Y}) == unattributed({A_X, B_X}) == set()
    assert unattributed({A_X, B_Y}) == {A_Y, B_X}
    assert unattributed({A_X, A_Y, B_Y}) == {B_X}
    assert unattributed({A_X, A_Y, B_X, B_Y}) == set()


def test_what_is_unattributed_follows_the_pairs_of_the_case() -> None:
    assert case_delta(set(), {A_X, B_Y}).unattributed == {A_Y: 1, B_X: 1}
    assert case_delta({A_X, B_Y}, {A_X, A_Y, B_Y}).unattributed == {A_Y: -1}
    assert case_delta({A_X, B_Y}, {A_X}).unattributed == {A_Y: -1, B_X: -1}
    both = combine([case_delta(set(), {A_X, B_Y}), case_delta({A_X, A_Y, B_Y}, {A_Y})])
    assert both.unattributed == {A_Y: 1}


def test_a_change_of_what_is_unattributed_alone_is_a_change() -> None:
    assert CountDelta(unattributed={A_Y: 1})


def test_a_case_with_drug_and_event_but_not_the_pair_is_in_the_row_of_the_drug() -> None:
    # The first case blames b for y: with the drug a, without the pair (a, y).
    cases = ({A_X, B_Y}, {A_Y})
    counts = combine(case_delta(set(), case) for case in cases)
    assert (counts.drugs["a"], counts.events["y"]) == (2, 2)
    table = counts.table(A_Y)
    assert table == Table(n11=1, drug=2, event=1, total=2)
    cells = Tables.from_tables([table])
    assert [int(cell[0]) for cell in (cells.n11, cells.b, cells.c, cells.d)] == [1, 1, 0, 0]
    # Seen from b the second case is one of others with the event.
    cells = Tables.from_tables([counts.table(B_Y)])
    assert [int(cell[0]) for cell in (cells.n11, cells.b, cells.c, cells.d)] == [1, 0, 1, 0]
