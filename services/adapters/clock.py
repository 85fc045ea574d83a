"""The system's clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The time of this host."""

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)
