"""Merges are edges of a graph, and patients its connected parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.core.persons import joined

names = st.sampled_from("abcdefgh")
links = st.lists(st.tuples(names, names), max_size=12)


def test_a_chain_is_one_patient() -> None:
    assert joined({}, [("c", "b"), ("b", "a"), ("y", "x")]) == {
        "a": "a", "b": "a", "c": "a", "x": "x", "y": "x",
    }  # fmt: skip


def test_a_circle_says_nothing_new() -> None:
    assert joined({"a": "a", "b": "a"}, [("a", "b")]) == {"a": "a", "b": "a"}


def test_two_patients_of_several_names_become_one() -> None:
    known = {"a": "a", "b": "a", "c": "c", "d": "c"}
    assert joined(known, [("d", "b")]) == dict.fromkeys("abcd", "a")


@given(st.data(), links)
def test_order_and_direction_and_steps_make_no_difference(
    data: st.DataObject, merges: list[tuple[str, str]]
) -> None:
    at_once = joined({}, merges)
    shuffled = data.draw(st.permutations(merges))
    known: dict[str, str] = {}
    for one, other in shuffled:
        known = joined(known, [(other, one)])
    assert known == at_once


@given(links)
def test_connected_names_and_no_others_share_a_person(merges: list[tuple[str, str]]) -> None:
    persons = joined({}, merges)
    parts = {name: {name} for pair in merges for name in pair}
    for _ in parts:
        for one, other in merges:
            parts[one] = parts[other] = parts[one] | parts[other]
    assert persons == {name: min(part) for name, part in parts.items()}
