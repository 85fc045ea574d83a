"""What the aggregate stage refuses before a batch is recorded. The rest: tests/contract."""

from __future__ import annotations

import pytest

from services.aggregate.handler import check
from services.core.errors import InvalidMessage
from tests.fakes.extractions import COUGH, RASH, extraction, retraction


def test_a_sound_extraction_passes() -> None:
    check(extraction("a", RASH, COUGH))
    check(retraction("a"))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("mentions", (), "dangling-relation"),
        ("relations", extraction("a", RASH).relations * 2, "repeated-id"),
        ("mentions", extraction("a", RASH).mentions * 2, "repeated-id"),
        ("version", 2**63, "number-too-large"),
        ("age_years", 2**31, "number-too-large"),
    ],
)
def test_what_cannot_be_recorded_is_named(field: str, value: object, reason: str) -> None:
    broken = extraction("a", RASH)
    object.__setattr__(broken, field, value)
    with pytest.raises(InvalidMessage) as caught:
        check(broken)
    assert caught.value.reason == reason


def test_a_time_without_a_zone_is_named() -> None:
    naive = extraction("a").written_at.replace(tzinfo=None)
    with pytest.raises(InvalidMessage, match="naive-time"):
        check(extraction("a", written_at=naive))
