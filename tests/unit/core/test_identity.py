"""Identities: equal for equal things, different for different ones, stable over releases."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from services.core import identity

_parts = st.lists(st.text(max_size=4), max_size=4).map(tuple)


def test_names_stay_what_they_were() -> None:
    # Pinned: a change would turn every recorded note into a new one.
    assert identity.note_key("ehr", "note-1") == "44525c3a2c2bc7615ce62af2e8e2f1ac"
    assert identity.case_key("patient-1") == "ac82578d2492c59312433f14f02e045f"
    assert identity.signal_id("warfarin", "bleeding") == "f29299c318db751c3954c75d6ae62310"


def test_a_name_is_32_hexadecimal_characters() -> None:
    name = identity.identity("note", "ehr", "n")
    assert len(name) == 32
    assert set(name) <= set("0123456789abcdef")


def test_the_kind_tells_things_with_equal_keys_apart() -> None:
    assert identity.identity("note", "a") != identity.identity("case", "a")


def test_a_retraction_is_another_thing_than_the_version_it_takes_back() -> None:
    current = identity.extraction_id("ehr", "n", 3, retracted=False)
    assert current != identity.extraction_id("ehr", "n", 3, retracted=True)
    assert current == identity.extraction_id("ehr", "n", 3, retracted=False)


@given(_parts, _parts)
def test_no_two_lists_of_parts_share_a_name(left: tuple[str, ...], right: tuple[str, ...]) -> None:
    same = identity.identity("kind", *left) == identity.identity("kind", *right)
    assert same == (left == right)


def test_moving_a_character_between_parts_changes_the_name() -> None:
    texts = ["ab\x1fc", "a\x1fbc", "abc"]
    splits = [(text[:i], text[i:]) for text in texts for i in range(len(text) + 1)]
    names = {identity.identity("kind", *split) for split in splits}
    assert len(names) == len(set(splits))


def test_any_text_has_a_name() -> None:
    odd = ["", "\x00", "\ud800", "é", "e\u0301", "😀"]
    names = [identity.note_key(source, note) for source, note in itertools.product(odd, odd)]
    assert len(set(names)) == len(odd) ** 2
