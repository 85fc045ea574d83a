"""When a webhook is tried again: the schedule of Standard Webhooks 1.0.0, as a pure function.

    answer                        verdict
    2xx                           delivered
    410                           failed, and the endpoint is disabled: it asked for that
    anything else, or no answer   again after the next delay; failed when there is none left

3xx is "anything else": redirects are not followed. A failed delivery is kept and can be replayed.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from services.core.alert_ports import Answer, DeliveryState, Verdict

SCHEDULE_SECONDS = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""The delay before each attempt, counted from the one before."""

MAX_ATTEMPTS = len(SCHEDULE_SECONDS)
JITTER = 0.1
"""A delay is lengthened by up to this share, so that retries of one outage spread out."""

MAX_RETRY_AFTER_SECONDS = 86400
"""A receiver cannot hold a delivery back for longer than the schedule's longest delay."""

GONE = 410
_GONE_REASON = "the endpoint answered 410 Gone"


def judge(answer: Answer, *, failures: int, now: datetime, random: Callable[[], float]) -> Verdict:
    """Decide what follows from an attempt.

    Args:
        answer: what came back.
        failures: failed attempts of this run of the schedule before this one.
        now: the end of the attempt.
        random: gives numbers in [0, 1).
    """
    if answer.status is not None and 200 <= answer.status < 300:
        return Verdict(state=DeliveryState.DELIVERED)
    if answer.status == GONE:
        return Verdict(state=DeliveryState.FAILED, disable_reason=_GONE_REASON)
    hold = retry_after(answer.retry_after, now=now)
    if failures + 1 >= MAX_ATTEMPTS:
        return Verdict(state=DeliveryState.FAILED, hold_until=hold)
    delay = SCHEDULE_SECONDS[failures + 1] * (1 + JITTER * random())
    scheduled = now + timedelta(seconds=delay)
    return Verdict(
        state=DeliveryState.PENDING,
        next_attempt_at=scheduled if hold is None else max(scheduled, hold),
        hold_until=hold,
    )


def retry_after(value: str | None, *, now: datetime) -> datetime | None:
    """Read a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3), capped.

    Returns:
        A time after `now`; None without a header, with a malformed one, or with one of the past.
    """
    if value is None:
        return None
    value = value.strip()
    wanted = _after_seconds(value, now) if value.isdecimal() else _http_date(value)
    if wanted is None or wanted <= now:
        return None
    return min(wanted, now + timedelta(seconds=MAX_RETRY_AFTER_SECONDS))


def _after_seconds(value: str, now: datetime) -> datetime:
    # More digits than a day has seconds need no parsing, and might not fit a timedelta.
    seconds = int(value) if len(value) <= 9 else MAX_RETRY_AFTER_SECONDS
    return now + timedelta(seconds=seconds)


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # "-0000" and a missing zone parse as naive; HTTP dates are always GMT.
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
