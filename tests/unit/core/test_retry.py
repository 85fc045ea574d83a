"""The retry schedule, walked without waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.core.alert_ports import Answer, DeliveryState
from services.core.retry import (
    JITTER,
    MAX_ATTEMPTS,
    MAX_RETRY_AFTER_SECONDS,
    judge,
    retry_after,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
# "Time since start" in the specification's table.
SINCE_START = ["0:00:00", "0:00:05", "0:05:05", "0:35:05", "2:35:05", "7:35:05", "17:35:05",
               "1 day, 7:35:05", "2 days, 3:35:05", "3 days, 3:35:05"]  # fmt: skip


def zero() -> float:
    return 0.0


def walk(answer: Answer, random: float) -> list[timedelta]:
    """The times of all attempts since the first one, if all are answered alike at once."""
    times, now, failures = [], NOW, 0
    while True:
        times.append(now - NOW)
        verdict = judge(answer, failures=failures, now=now, random=lambda: random)
        if verdict.next_attempt_at is None:
            assert verdict.state is DeliveryState.FAILED
            return times
        assert verdict.state is DeliveryState.PENDING
        now, failures = verdict.next_attempt_at, failures + 1


@pytest.mark.parametrize("answer", [Answer(status=500), Answer(error="timeout")])
def test_the_published_schedule_is_followed_to_its_end(answer: Answer) -> None:
    assert [str(time) for time in walk(answer, 0.0)] == SINCE_START


def test_jitter_only_lengthens_and_is_bounded() -> None:
    for plain, late in zip(
        walk(Answer(status=500), 0.0), walk(Answer(status=500), 0.999), strict=True
    ):
        assert plain <= late <= plain * (1 + JITTER)
    assert walk(Answer(status=500), 0.999)[1] > timedelta(seconds=5)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_2xx_is_delivered(status: int) -> None:
    verdict = judge(Answer(status=status), failures=3, now=NOW, random=zero)
    assert verdict.state is DeliveryState.DELIVERED
    assert verdict.next_attempt_at is None


@pytest.mark.parametrize("status", [100, 301, 302, 307, 400, 401, 404, 429, 500, 502, 504])
def test_every_other_status_is_tried_again(status: int) -> None:
    verdict = judge(Answer(status=status), failures=0, now=NOW, random=zero)
    assert verdict.state is DeliveryState.PENDING
    assert verdict.next_attempt_at == NOW + timedelta(seconds=5)
    assert verdict.disable_reason is None


def test_410_disables_the_endpoint_at_once() -> None:
    verdict = judge(Answer(status=410), failures=0, now=NOW, random=zero)
    assert verdict.state is DeliveryState.FAILED
    assert verdict.disable_reason == "the endpoint answered 410 Gone"


def test_retry_after_delays_the_delivery_and_holds_the_endpoint() -> None:
    answer = Answer(status=429, retry_after="120")
    verdict = judge(answer, failures=0, now=NOW, random=zero)
    assert verdict.next_attempt_at == verdict.hold_until == NOW + timedelta(seconds=120)


def test_retry_after_never_shortens_the_schedule() -> None:
    answer = Answer(status=503, retry_after="1")
    verdict = judge(answer, failures=2, now=NOW, random=zero)
    assert verdict.next_attempt_at == NOW + timedelta(minutes=30)


def test_retry_after_adds_no_attempt() -> None:
    answer = Answer(status=503, retry_after="60")
    verdict = judge(answer, failures=MAX_ATTEMPTS - 1, now=NOW, random=zero)
    assert verdict.state is DeliveryState.FAILED


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("Thu, 01 Jan 2026 12:01:00 GMT", 60),
        ("Thursday, 01-Jan-26 12:01:00 GMT", 60),
        ("Thu Jan  1 12:01:00 2026", 60),
        ("999999", MAX_RETRY_AFTER_SECONDS),
        ("9" * 400, MAX_RETRY_AFTER_SECONDS),
        ("Fri, 01 Jan 2100 00:00:00 GMT", MAX_RETRY_AFTER_SECONDS),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_capped(value: str, seconds: int) -> None:
    assert retry_after(value, now=NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", [None, "", "0", "-5", "1.5", "soon", "Thu, 01 Jan 2026 11:00:00 GMT", "²"]
)
def test_a_useless_retry_after_is_ignored(value: str | None) -> None:
    assert retry_after(value, now=NOW) is None
