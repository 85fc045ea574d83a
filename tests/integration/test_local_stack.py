"""The components of the local stack, for real: start, answer, restart, end without a trace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import psycopg
import pytest
import redis
import tritonclient.grpc
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError
from aiokafka.structs import TopicPartition

from deploy.local.errors import NotReady
from deploy.local.kafka import Kafka
from deploy.local.layout import STATE, install_triton_server
from deploy.local.ports import free_port
from deploy.local.redis import Redis
from deploy.local.triton import SHARED_MEMORY, Triton, shared_memory_prefix

pytestmark = pytest.mark.stack

ECHO_CONFIGURATION = """
name: "increment"
backend: "python"
max_batch_size: 8
input [{ name: "IN" data_type: TYPE_INT64 dims: [-1] }]
output [{ name: "OUT" data_type: TYPE_INT64 dims: [-1] }]
instance_group [{ kind: KIND_CPU }]
"""
ECHO_MODEL = """
import numpy
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        arrays = [pb_utils.get_input_tensor_by_name(r, "IN").as_numpy() for r in requests]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", a + 1)]) for a in arrays]
"""


async def test_a_message_survives_a_restart_of_the_broker_on_the_same_port(
    kafka_stack: Kafka,
) -> None:
    await _create_topic(kafka_stack.bootstrap, "restart")
    await _send(kafka_stack.bootstrap, "restart", b"before")

    kafka_stack.restart()
    await _send(kafka_stack.bootstrap, "restart", b"after")

    assert await _read(kafka_stack.bootstrap, "restart", 2) == [b"before", b"after"]


async def test_a_message_survives_a_broker_that_is_killed(kafka_stack: Kafka) -> None:
    await _create_topic(kafka_stack.bootstrap, "killed")
    await _send(kafka_stack.bootstrap, "killed", b"acknowledged")

    kafka_stack.kill()
    kafka_stack.start()

    assert await _read(kafka_stack.bootstrap, "killed", 1) == [b"acknowledged"]


async def test_a_message_of_five_mebibytes_is_taken(kafka_stack: Kafka) -> None:
    await _create_topic(kafka_stack.bootstrap, "large")
    await _send(kafka_stack.bootstrap, "large", os.urandom(5 * 2**20))

    assert [len(value) for value in await _read(kafka_stack.bootstrap, "large", 1)] == [5 * 2**20]


async def test_a_topic_that_nobody_made_does_not_appear(kafka_stack: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_stack.bootstrap)
    await admin.start()
    try:
        descriptions = await admin.describe_topics(["nobody-made-this"])
        assert descriptions[0]["error_code"] == UnknownTopicOrPartitionError.errno
        assert "nobody-made-this" not in await admin.list_topics()
    finally:
        await admin.close()


def test_redis_keeps_its_data_over_a_restart(redis_server: Redis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("kept", "yes")
    redis_server.restart()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.get("kept") == b"yes"


def test_redis_url_is_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


@pytest.mark.parametrize("attempt", [1, 2])
def test_every_test_has_an_empty_postgres_database(postgres_url: str, attempt: int) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchone()
        connection.execute("CREATE TABLE left_behind (attempt INTEGER)")
    assert tables == (0,)


@pytest.fixture
def triton_with(
    tmp_path: Path,
) -> Iterator[Callable[[str], Triton]]:
    """Makes a server (not started) for a repository with one model of the given code."""
    made: list[Triton] = []

    def make(code: str) -> Triton:
        version = tmp_path / "repository" / "increment" / "1"
        version.mkdir(parents=True)
        (version / "model.py").write_text(code)
        (version.parent / "config.pbtxt").write_text(ECHO_CONFIGURATION)
        server = Triton(
            environment=install_triton_server(STATE, progress=lambda message: None),
            model_repository=tmp_path / "repository",
            run_directory=tmp_path / "run",
            grpc_port=free_port(),
            http_port=free_port(),
            metrics_port=free_port(),
        )
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


def test_triton_runs_a_python_model_and_leaves_nothing_when_killed(
    triton_with: Callable[[str], Triton], tmp_path: Path
) -> None:
    server = triton_with(ECHO_MODEL)
    server.start()
    assert _increment(server.grpc, [1, 2, 3]) == [2, 3, 4]
    leader = server.process.leader()
    assert leader is not None
    stubs = leader.children(recursive=True)
    assert stubs
    regions = f"{shared_memory_prefix(tmp_path / 'run')}*"
    assert list(SHARED_MEMORY.glob(regions))

    server.kill()

    assert not [stub for stub in stubs if _lives(stub)]
    assert not list(SHARED_MEMORY.glob(regions))


def test_triton_with_a_broken_model_does_not_count_as_started(
    triton_with: Callable[[str], Triton],
) -> None:
    server = triton_with("raise RuntimeError('this model is broken')")
    with pytest.raises(NotReady, match="this model is broken"):
        server.start()
    assert not server.process.is_running()


def test_components_listen_on_loopback_only(kafka_stack: Kafka, redis_server: Redis) -> None:
    for component in (kafka_stack, redis_server):
        leader = component.process.leader()
        assert leader is not None
        listening = [
            connection.laddr.ip
            for connection in leader.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def _lives(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def _increment(address: str, values: list[int]) -> list[int]:
    tensor = tritonclient.grpc.InferInput("IN", [1, len(values)], "INT64")
    tensor.set_data_from_numpy(np.array([values], dtype=np.int64))
    with tritonclient.grpc.InferenceServerClient(address) as client:
        answer = client.infer("increment", [tensor], client_timeout=120.0)
    return [int(value) for value in answer.as_numpy("OUT")[0]]


async def _create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        limit = {"max.message.bytes": str(8 * 2**20)}
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=limit)])
    finally:
        await admin.close()


async def _send(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=8 * 2**20)
    await producer.start()
    try:
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def _read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()
