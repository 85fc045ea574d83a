"""aiokafka's client, taught to wait for a broker.

Found in aiokafka 0.14, each with a test in tests/unit/adapters/test_patient_client.py:

- While no broker can be reached, fetcher and sender ask for its metadata again as soon as they were
  refused, thousands of times, and keep the processor from a broker that starts on the same machine.
- A broker that is starting may answer with an empty list of brokers. Whoever then looks for the
  coordinator of its group meets an assertion, and never looks again.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka.errors import NodeNotReadyError

RETRY_SECONDS = 0.5


def make_patient(client: Any, *, retry_seconds: float = RETRY_SECONDS) -> None:
    """Let a client wait before it asks again, and look again for what it could not find.

    Args:
        client: an `aiokafka.client.AIOKafkaClient` that has not started.
        retry_seconds: between two attempts to learn the brokers.
    """
    update, look_up = client._metadata_update, client.coordinator_lookup

    async def update_patiently(cluster: Any, topics: Any) -> bool:
        updated: bool = await update(cluster, topics)
        if not updated:
            await asyncio.sleep(retry_seconds)
        return updated

    async def look_up_patiently(kind: Any, key: str) -> int:
        if client.get_random_node() is None:
            raise NodeNotReadyError("no broker is known yet")
        node: int = await look_up(kind, key)
        return node

    client._metadata_update = update_patiently
    client.coordinator_lookup = look_up_patiently
