"""Scheduled work goes on after a dependency was away, and ends at a fault."""

from __future__ import annotations

import pytest

from services.adapters.periodic import repeat
from services.core.errors import DependencyUnavailable, IntegrityError


async def test_a_dependency_that_is_away_is_tried_at_the_next_time() -> None:
    outcomes = iter([None, DependencyUnavailable("redis"), None, IntegrityError("gap")])
    done: list[str] = []
    waits: list[float] = []

    async def work() -> None:
        outcome = next(outcomes)
        done.append(type(outcome).__name__)
        if outcome is not None:
            raise outcome

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with pytest.raises(IntegrityError):
        await repeat(work, every_seconds=60, sleep=sleep)()
    assert done == ["NoneType", "DependencyUnavailable", "NoneType", "IntegrityError"]
    assert waits == [60, 60, 60]
