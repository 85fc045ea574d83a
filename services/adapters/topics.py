"""Topics exist before anybody reads them: a Faust worker ignores one that does not, for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from services.core.errors import ConfigurationError, DependencyUnavailable

MILLISECONDS = 1000
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """A topic as the service needs it."""

    name: str
    partitions: int
    replication: int
    retention_days: float
    message_max_bytes: int


async def ensure_topics(
    bootstrap: str, topics: Sequence[TopicSpec], *, timeout_seconds: float
) -> list[str]:
    """Create the topics that are missing; those that exist are left as they are.

    Returns:
        The names of the topics it created.

    Raises:
        DependencyUnavailable: no broker answered in time.
        ConfigurationError: the broker refuses a topic.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_seconds * MILLISECONDS)
    )
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in existing]
        if missing:
            response = await admin.create_topics([_new_topic(topic) for topic in missing])
            for name, code, *_ in response.topic_errors:
                if code not in (0, TopicAlreadyExistsError.errno):
                    raise ConfigurationError(f"topic {name}: {for_code(code).__name__}")
        return [topic.name for topic in missing]
    except (KafkaError, OSError) as error:
        raise DependencyUnavailable("kafka", type(error).__name__) from None
    finally:
        await admin.close()


def _new_topic(topic: TopicSpec) -> NewTopic:
    return NewTopic(
        name=topic.name,
        num_partitions=topic.partitions,
        replication_factor=topic.replication,
        topic_configs={
            "retention.ms": str(int(topic.retention_days * SECONDS_PER_DAY * MILLISECONDS)),
            "max.message.bytes": str(topic.message_max_bytes),
            "cleanup.policy": "delete",
        },
    )


async def partitions_of(bootstrap: str, topic: str, *, timeout_seconds: float) -> list[int]:
    """Numbers of the partitions of a topic, empty if it does not exist.

    Raises:
        DependencyUnavailable: no broker answered in time.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_seconds * MILLISECONDS)
    )
    try:
        await admin.start()
        (described,) = await admin.describe_topics([topic])
        return sorted(int(partition["partition"]) for partition in described["partitions"])
    except (KafkaError, OSError) as error:
        raise DependencyUnavailable("kafka", type(error).__name__) from None
    finally:
        await admin.close()
