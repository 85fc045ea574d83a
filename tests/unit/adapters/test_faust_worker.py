"""How Faust is used: without what is known to go wrong."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from services.adapters.faust_worker import FaustWorker
from services.adapters.metrics import StageMetrics
from services.adapters.runner import Backoff, BatchRunner, RejectionCap
from services.adapters.transport import ContiguousConsumer
from services.core.ports import Message, Rejected


class Nothing:
    name = "nothing"

    async def recover(self) -> None:
        return None

    async def process(self, messages: Sequence[Message]) -> Sequence[Rejected]:
        return []

    async def keep(self, stage: str, rejected: Sequence[Rejected]) -> None:
        return None


def worker() -> FaustWorker:
    runner = BatchRunner(
        Nothing(),
        Nothing(),
        backoff=Backoff(initial_seconds=1, max_seconds=1),
        cap=RejectionCap(window=10, max_ratio=1.0),
        metrics=StageMetrics("nothing", CollectorRegistry()),
    )
    return FaustWorker(
        "nothing",
        runner,
        bootstrap="127.0.0.1:1",
        topic="some.topic",
        batch_size=10,
        batch_wait_seconds=0.1,
        commit_interval_seconds=1.0,
        message_max_bytes=1000,
        session_seconds=30.0,
    )


async def test_one_agent_reads_one_batch_at_a_time() -> None:
    (agent,) = worker().app.agents.values()
    assert agent.concurrency == 1


async def test_no_state_is_kept_in_tables_which_can_stall_in_recovery() -> None:
    assert not worker().app.tables.data


async def test_commits_are_those_of_our_transport() -> None:
    assert worker().app.transport.Consumer is ContiguousConsumer


async def test_topics_are_not_declared_by_faust_and_memory_is_bounded() -> None:
    conf = worker().app.conf
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert conf.stream_buffer_maxsize == 20
    assert not conf.stream_wait_empty
