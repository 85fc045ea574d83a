"""What two pairs of models make of one note, counted."""

from __future__ import annotations

import pytest

from services.core.contracts import Assertion
from services.core.disagreement import Disagreement, compare
from tests.fakes.extractions import BLEEDING, COUGH, RASH, extraction


def test_relations_are_found_by_both_or_by_one_of_them() -> None:
    serving = extraction("a", RASH, COUGH)
    candidate = extraction("a", RASH, BLEEDING)
    assert compare(serving, candidate) == Disagreement(
        notes=1, same=1, only_serving=1, only_candidate=1
    )
    assert compare(serving, serving) == Disagreement(notes=1, same=2)


def test_a_pair_said_twice_is_one_relation_and_differs_by_any_status() -> None:
    serving = extraction("a", RASH, RASH)
    assert compare(serving, extraction("a", RASH)) == Disagreement(notes=1, same=1)
    mixed = extraction("a", RASH, RASH, assertion=[Assertion.AFFIRMED, Assertion.NEGATED])
    assert compare(serving, mixed) == Disagreement(notes=1, status_differs=1)


def test_the_share_is_of_all_relations_of_either() -> None:
    assert Disagreement(notes=3, dropped=2).share is None
    found = Disagreement(same=6, only_serving=1) + Disagreement(only_candidate=2, status_differs=1)
    assert found.share == pytest.approx(0.4)
