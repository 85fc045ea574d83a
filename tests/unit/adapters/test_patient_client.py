"""A client that waits for a broker instead of asking without end, or not again."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import NodeNotReadyError

from services.adapters.patient_client import make_patient


@pytest.fixture
async def client() -> AIOKafkaClient:
    """Without a broker, as after an answer that names none."""
    made = AIOKafkaClient(bootstrap_servers="127.0.0.1:1")
    made.cluster = ClusterMetadata()
    return made


async def test_it_waits_before_it_asks_again(client: Any) -> None:
    make_patient(client, retry_seconds=0.2)
    began = time.monotonic()
    assert not await client._metadata_update(client.cluster, set())
    assert time.monotonic() - began >= 0.2


async def test_it_does_not_wait_when_it_was_answered(client: Any) -> None:
    async def answered(cluster: Any, topics: Any) -> bool:
        return True

    client._metadata_update = answered
    make_patient(client, retry_seconds=100_000)
    assert await client._metadata_update(client.cluster, set())


async def test_who_knows_no_broker_yet_may_look_again(client: Any) -> None:
    make_patient(client)
    with pytest.raises(NodeNotReadyError) as raised:
        await client.coordinator_lookup(0, "group")
    assert raised.value.retriable


async def test_the_trap_is_real(client: Any) -> None:
    """When this fails, aiokafka has changed, and our own look-up may be unnecessary."""
    with pytest.raises(AssertionError):
        await client.coordinator_lookup(0, "group")
