"""Two readings of the same notes agree, or it is said how they do not."""

from __future__ import annotations

from dataclasses import replace

from services.core.contracts import Extraction
from tests.fakes.extractions import COUGH, RASH, extraction
from training.publish.reading_parity import Parity, parity

NOTE = extraction("a", RASH, COUGH)


def moved(note: Extraction, by: float) -> Extraction:
    """Another probability of the first relation."""
    first, *others = note.relations
    return replace(note, relations=(replace(first, probability=first.probability + by), *others))


def test_the_same_reading_agrees() -> None:
    found = parity([NOTE], [NOTE])
    # Two drugs, two events, two relations.
    assert found == Parity(found=6, one_sided=0, greatest=0.0)
    assert found.problem == ""


def test_a_little_noise_is_none_and_more_is_said() -> None:
    assert parity([NOTE], [moved(NOTE, 0.04)]).problem == ""
    assert parity([NOTE], [moved(NOTE, -0.06)]).problem == "probabilities differ by up to 0.060"


def test_what_only_one_reading_has_is_said_beyond_a_few() -> None:
    less = extraction("a", RASH)
    assert parity([NOTE], [less]).problem == "3 of 6 mentions and relations are in one reading"
    assert parity([less], [NOTE]).problem == parity([NOTE], [less]).problem
    many = [NOTE] * 100
    assert parity(many, [*many[1:], less]).problem == ""


def test_notes_in_which_nothing_is_found_prove_nothing() -> None:
    empty = extraction("a")
    assert parity([empty], [empty]).problem == "nothing was found in any note"
