"""Connections of the tests to real components.

They wait longer than those of the service: on a busy machine a slow answer is no failure.
"""

from __future__ import annotations

from redis.asyncio import Redis
from sqlalchemy import Engine

from services.adapters.redis_counts import connect
from services.adapters.sql.engine import make_engine

PATIENCE_SECONDS = 60


def record_engine(url: str, *, pool_size: int = 5) -> Engine:
    """An engine for a record."""
    return make_engine(
        url,
        pool_size=pool_size,
        connect_timeout_seconds=PATIENCE_SECONDS,
        lock_timeout_seconds=PATIENCE_SECONDS,
    )


def redis_client(url: str) -> Redis:
    """A client for hot counts."""
    return connect(url, connect_timeout_seconds=PATIENCE_SECONDS, timeout_seconds=PATIENCE_SECONDS)
