"""Decisions about names in the record, and what waits for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.curation import SqlCuration, Unknown
from services.core.contracts import Assertion, Coding, MentionType, Pair
from services.core.vocabulary.curation import Decision
from tests.connections import record_engine
from tests.fakes.clock import FakeClock
from tests.fakes.extractions import COUGH, RASH, extraction

DRUG, EVENT = MentionType.DRUG, MentionType.ADE


@pytest.fixture(params=["sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def curation(engine: Engine) -> SqlCuration:
    return SqlCuration(engine, clock=FakeClock())


def test_a_later_decision_on_a_name_replaces_the_earlier_one(curation: SqlCuration) -> None:
    curation.decide(Decision(DRUG, "Zappers", "zapril"))
    curation.decide(Decision(EVENT, "zapper", "shock"))
    curation.decide(Decision(DRUG, "zapper", "zapartan"))
    assert curation.decisions() == [
        Decision(EVENT, "zapper", "shock"),
        Decision(DRUG, "zapper", "zapartan"),
    ]


def test_a_decision_can_be_taken_back(curation: SqlCuration) -> None:
    decision = Decision(DRUG, "zapper", "zapril")
    assert not curation.forget(decision)
    curation.decide(decision)
    assert curation.forget(decision)
    assert curation.decisions() == []


def test_counted_names_without_a_code_are_listed_by_their_cases(
    engine: Engine, curation: SqlCuration
) -> None:
    known = extraction("k", RASH, patient="k")
    coded = tuple(
        replace(mention, coding=Coding("test", "1", "1", 1.0)) for mention in known.mentions
    )
    SqlCaseRecord(engine, clock=FakeClock()).apply(
        [
            replace(known, mentions=coded),
            extraction("a", Pair("zapper", "rash"), patient="p"),
            extraction("b", Pair("zapper", "cough"), patient="q"),
            extraction("c", Pair("zapper", "cough"), patient="q"),
            extraction("d", COUGH, patient="r", assertion=Assertion.NEGATED),
        ]
    )
    assert curation.unknown(10) == [
        Unknown(DRUG, "zapper", 2),
        Unknown(EVENT, "cough", 1),
        Unknown(EVENT, "rash", 1),
    ]
    assert curation.unknown(1) == [Unknown(DRUG, "zapper", 2)]
