"""What signals are ranked by, from the cases of the record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.core.evidence import evidence_of
from services.core.seriousness import is_serious
from services.core.statistics_ports import PairCase
from tests.fakes.clock import START
from tests.fakes.extractions import RASH


def pair_case(
    key: str, *texts: str, days: int = 0, source: str = "ward", complete: bool = True
) -> PairCase:
    return PairCase(
        key=key,
        first_at=START + timedelta(days=days),
        sources=frozenset({source}),
        sex=complete,
        age_years=True,
        note_type=complete,
        texts=texts,
    )


def test_evidence_is_summed_up_over_cases() -> None:
    cases = [
        pair_case("a", "Rash after amoxicillin.", days=3),
        pair_case("b", "Rash; was hospitalised.", days=9, source="clinic", complete=False),
    ]
    found = evidence_of(RASH, cases, ic_lower=0.5)
    assert (found.pair, found.ic_lower, found.units) == (RASH, 0.5, 2)
    assert found.newest_case == START + timedelta(days=9)
    assert found.completeness == pytest.approx(4 / 6)
    assert found.serious == 0.5


def test_without_cases_there_is_no_evidence() -> None:
    found = evidence_of(RASH, [], ic_lower=None)
    assert (found.newest_case, found.units, found.completeness, found.serious) == (None, 0, 0, 0)


@pytest.mark.parametrize(
    "text",
    ["The patient DIED.", "life-threatening bleed", "admitted to ICU", "permanent hearing loss",
     "Anaphylactic shock", "congenital malformation", "Taken to the emergency department"],
)  # fmt: skip
def test_criteria_of_seriousness_have_cues(text: str) -> None:
    assert is_serious("rash", [text])


@pytest.mark.parametrize("text", ["", "A mild rash.", "studied", "icustaldine", "predeath"])
def test_other_words_are_no_cue(text: str) -> None:
    assert not is_serious("rash", [text])


def test_a_listed_event_is_always_serious() -> None:
    assert is_serious("agranulocytosis", [], serious_events={"agranulocytosis"})
    assert not is_serious("rash", [], serious_events={"agranulocytosis"})
