"""How far the stages are with what was sent: the lag of their groups."""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError

from services.adapters.topics import partitions_of

TIMEOUT_SECONDS = 120.0


class Lags:
    """Messages that each stage has not finished, over one connection."""

    def __init__(self, bootstrap: str, topics: Mapping[str, str]) -> None:
        """Watch stages.

        Args:
            bootstrap: the broker.
            topics: the topic each stage reads, by the stage's name.
        """
        self._bootstrap = bootstrap
        self._topics = topics
        self._partitions: dict[str, list[TopicPartition]] = {}
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)

    async def __aenter__(self) -> Lags:
        for stage, topic in self._topics.items():
            numbers = await partitions_of(self._bootstrap, topic, timeout_seconds=TIMEOUT_SECONDS)
            self._partitions[stage] = [TopicPartition(topic, number) for number in numbers]
        await self._admin.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def of(self, stage: str) -> int:
        """Messages of the stage's topic that its group has not committed."""
        partitions = self._partitions[stage]
        ends = await self._consumer.end_offsets(partitions)
        try:
            committed = await self._admin.list_consumer_group_offsets(f"adewatch-{stage}")
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            committed = {}  # a fresh broker has no coordinator until a group has asked for one
        return sum(
            end - max(committed[partition].offset if partition in committed else 0, 0)
            for partition, end in ends.items()
        )

    async def all(self) -> dict[str, int]:
        """The lag of every stage, in the order of the flow."""
        return {stage: await self.of(stage) for stage in self._topics}
