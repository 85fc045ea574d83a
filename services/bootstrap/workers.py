"""Each stage as a worker: its topic, its batches, and what runs beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from services.adapters import metrics, wire
from services.adapters.dead_letters import KafkaDeadLetters, topic_of
from services.adapters.faust_worker import Background, FaustWorker
from services.adapters.kafka import DEAD_LETTER_HEADROOM_BYTES
from services.adapters.periodic import repeat
from services.adapters.runner import Backoff, BatchRunner, RejectionCap, insist
from services.adapters.topics import TopicSpec, ensure_topics
from services.aggregate.agent import AggregateStage
from services.aggregate.merging import MergeStage
from services.alert.agent import AlertStage
from services.bootstrap.components import Components
from services.bootstrap.shadowing import shadowed
from services.config import Settings
from services.core.contracts import Extraction, PairDelta, PatientMerge
from services.core.ports import Stage
from services.core.signal_contracts import Signal
from services.detect.agent import DetectStage
from services.extract.agent import ExtractStage


@dataclass(frozen=True, slots=True)
class _Work:
    """A stage, its topic and what runs beside it."""

    stage: Stage
    topic: str
    batch_size: int
    background: tuple[Background, ...] = ()


def topics(settings: Settings) -> list[TopicSpec]:
    """Every topic of the service, dead letters included."""
    sources = (
        settings.topic_notes,
        settings.topic_extractions,
        settings.topic_pairs,
        settings.topic_signals,
        settings.topic_merges,
    )
    limit = settings.message_max_bytes
    sizes = dict.fromkeys(sources, limit) | {
        topic_of(source): limit + DEAD_LETTER_HEADROOM_BYTES for source in sources
    }
    return [
        TopicSpec(
            name=name,
            partitions=settings.topic_partitions,
            replication=settings.topic_replication,
            retention_days=settings.topic_retention_days,
            message_max_bytes=size,
        )
        for name, size in sizes.items()
    ]


async def create_topics(settings: Settings) -> list[str]:
    """Create the topics that are missing and return their names."""
    return await ensure_topics(
        settings.kafka_bootstrap,
        topics(settings),
        timeout_seconds=settings.kafka_request_timeout_seconds,
    )


def _extract(components: Components) -> _Work:
    settings = components.settings
    reader, beside = shadowed(components)
    stage = ExtractStage(
        reader,
        components.publisher,
        parse=components.parse,
        encode=wire.encode,
        topic=settings.topic_extractions,
        merges_topic=settings.topic_merges,
        prepare=components.refresh_vocabulary,
    )
    refresh = repeat(
        components.refresh_vocabulary, every_seconds=settings.curation_interval_seconds
    )
    return _Work(stage, settings.topic_notes, settings.batch_notes, (refresh, *beside))


def _aggregate(components: Components) -> _Work:
    settings = components.settings
    stage = AggregateStage(components.aggregator, decode=partial(wire.decode, Extraction))
    return _Work(stage, settings.topic_extractions, settings.batch_extractions)


def _merge(components: Components) -> _Work:
    settings = components.settings
    stage = MergeStage(components.aggregator, decode=partial(wire.decode, PatientMerge))
    return _Work(stage, settings.topic_merges, settings.batch_merges)


def _detect(components: Components) -> _Work:
    settings = components.settings
    detector = components.detector
    stage = DetectStage(detector, decode=partial(wire.decode, PairDelta))
    rescore = repeat(detector.rescore_all, every_seconds=settings.rescore_interval_seconds)
    return _Work(stage, settings.topic_pairs, settings.batch_pairs, (rescore,))


def _alert(components: Components) -> _Work:
    settings = components.settings
    stage = AlertStage(components.alerter, decode=partial(wire.decode, Signal))
    return _Work(
        stage, settings.topic_signals, settings.batch_signals, (components.dispatcher.run,)
    )


STAGES: dict[str, Callable[[Components], _Work]] = {
    "extract": _extract,
    "aggregate": _aggregate,
    "merge": _merge,
    "detect": _detect,
    "alert": _alert,
}


async def run_worker(name: str, settings: Settings) -> int:
    """Run a stage until a signal or a fault; returns the exit status."""
    components = Components(settings)
    backoff = Backoff(
        initial_seconds=settings.retry_initial_seconds, max_seconds=settings.retry_max_seconds
    )
    try:
        await insist(partial(create_topics, settings), what=name, backoff=backoff)
        work = STAGES[name](components)
        metrics.serve(settings.metrics_port, address=settings.metrics_address)
        runner = BatchRunner(
            work.stage,
            KafkaDeadLetters(components.publisher),
            backoff=backoff,
            cap=RejectionCap(
                window=settings.dead_letter_window, max_ratio=settings.dead_letter_max_ratio
            ),
            metrics=metrics.StageMetrics(name),
        )
        worker = FaustWorker(
            name,
            runner,
            bootstrap=settings.kafka_bootstrap,
            topic=work.topic,
            batch_size=work.batch_size,
            batch_wait_seconds=settings.batch_wait_seconds,
            commit_interval_seconds=settings.commit_interval_seconds,
            message_max_bytes=settings.message_max_bytes,
            session_seconds=settings.kafka_session_seconds,
            background=work.background,
        )
        return await worker.run()
    finally:
        await components.close()
