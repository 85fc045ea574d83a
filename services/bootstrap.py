"""The only wiring: settings to running components. Importing it connects to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from random import SystemRandom
from uuid import uuid4

import structlog
from sqlalchemy import Engine

from services.adapters import metrics, model_files, wire
from services.adapters.clock import SystemClock
from services.adapters.dead_letters import KafkaDeadLetters, topic_of
from services.adapters.faust_worker import Background, FaustWorker
from services.adapters.kafka import DEAD_LETTER_HEADROOM_BYTES, KafkaPublisher
from services.adapters.periodic import repeat
from services.adapters.redis_counts import RedisCounts, connect
from services.adapters.runner import Backoff, BatchRunner, RejectionCap, insist
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.deliveries import SqlOutbox
from services.adapters.sql.engine import make_engine
from services.adapters.sql.signals import SqlSignalRecord
from services.adapters.sql.subscriptions import SqlSubscriptions
from services.adapters.topics import TopicSpec, ensure_topics
from services.adapters.triton import TritonServer
from services.adapters.webhooks import HttpxSender, SecretFiles, parse_networks
from services.aggregate.agent import AggregateStage
from services.aggregate.handler import Aggregator
from services.alert.agent import AlertStage
from services.alert.dispatcher import Dispatcher
from services.alert.handler import Alerter
from services.config import Environment, Settings
from services.core import rules
from services.core.contracts import Extraction, Note, PairDelta, Signal
from services.core.ports import Stage, TokenModel
from services.detect.agent import DetectStage
from services.detect.handler import Detector
from services.extract.agent import ExtractStage
from services.extract.batching import BatchedModel
from services.extract.handler import Extractor
from services.extract.mentions import MentionFinder
from services.extract.relations import RelationFinder
from services.ingest.recognise import parse

log = structlog.get_logger(__name__)

NER_MAX_TOKENS = 128
RELATION_MAX_TOKENS = 512
"""Positions of the encoders; a candidate pair further apart than that is not one."""


class Components:
    """What a process may need, made when first asked for and closed in reverse order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self._closing = AsyncExitStack()

    async def close(self) -> None:
        """Disconnect from everything."""
        await self._closing.aclose()

    @cached_property
    def publisher(self) -> KafkaPublisher:
        """Writes to Kafka."""
        publisher = KafkaPublisher(
            self.settings.kafka_bootstrap,
            request_timeout_seconds=self.settings.kafka_request_timeout_seconds,
            message_max_bytes=self.settings.message_max_bytes,
        )
        self._closing.push_async_callback(publisher.close)
        return publisher

    @cached_property
    def engine(self) -> Engine:
        """Connections to the record."""
        engine = make_engine(self.settings.database_url)
        self._closing.callback(engine.dispose)
        return engine

    @cached_property
    def cases(self) -> SqlCaseRecord:
        """The record of notes, evidence and counts."""
        return SqlCaseRecord(
            self.engine, clock=self.clock, counted=self.settings.counted_assertions
        )

    @cached_property
    def counts(self) -> RedisCounts:
        """The hot counts."""
        client = connect(
            self.settings.redis_url, timeout_seconds=self.settings.redis_timeout_seconds
        )
        self._closing.push_async_callback(client.aclose)
        return RedisCounts(client)

    @cached_property
    def triton(self) -> TritonServer:
        """The inference server."""
        server = TritonServer(
            self.settings.triton_grpc, timeout_seconds=self.settings.triton_timeout_seconds
        )
        self._closing.push_async_callback(server.close)
        return server

    @cached_property
    def extractor(self) -> Extractor:
        """Reads notes."""
        return self.extractor_of(self.triton.model)

    def extractor_of(self, model: Callable[[str], TokenModel]) -> Extractor:
        """Reads notes with other models under the names of Triton's."""
        settings = self.settings
        ner = model_files.newest(settings.model_repository, "ner")
        relation = model_files.newest(settings.model_repository, "relation")
        batched = partial(
            BatchedModel,
            max_tokens=settings.tokens_per_batch,
            parallel=settings.triton_parallel_requests,
        )
        return Extractor(
            MentionFinder(ner.encoder, batched(model("ner")), max_tokens=NER_MAX_TOKENS),
            RelationFinder(
                relation.encoder,
                batched(model("relation")),
                threshold=relation.threshold,
                max_tokens=RELATION_MAX_TOKENS,
            ),
        )

    @cached_property
    def aggregator(self) -> Aggregator:
        """Counts extractions."""
        return Aggregator(
            self.cases,
            self.counts,
            self.publisher,
            topic=self.settings.topic_pairs,
            encode=wire.encode,
        )

    @cached_property
    def detector(self) -> Detector:
        """Scores pairs."""
        return Detector(
            self.counts,
            self.signals,
            self.publisher,
            versions_of=self.cases.versions_of,
            rule=rules.preset(self.settings.rule),
            clock=self.clock,
            topic=self.settings.topic_signals,
            encode=wire.encode,
        )

    @cached_property
    def signals(self) -> SqlSignalRecord:
        """The record of signals."""
        return SqlSignalRecord(self.engine)

    @cached_property
    def subscriptions(self) -> SqlSubscriptions:
        """Who gets alerts."""
        return SqlSubscriptions(self.engine)

    @cached_property
    def outbox(self) -> SqlOutbox:
        """Alerts and what became of them."""
        return SqlOutbox(self.engine)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """Delivers alerts."""
        settings = self.settings
        sender = HttpxSender(
            allowed=parse_networks(settings.webhook_allowed_networks),
            allow_insecure=self.allow_insecure_webhooks,
            timeout_seconds=settings.webhook_timeout_seconds,
        )
        self._closing.push_async_callback(sender.aclose)
        return Dispatcher(
            self.outbox,
            sender,
            SecretFiles(),
            clock=self.clock,
            random=SystemRandom().random,
            token=lambda: uuid4().hex,
        )

    @property
    def allow_insecure_webhooks(self) -> bool:
        """Whether webhooks may go out by http: on a laptop only."""
        return self.settings.environment is Environment.LOCAL

    @cached_property
    def alerter(self) -> Alerter:
        """Puts alerts into the outbox."""
        return Alerter(
            self.subscriptions,
            self.outbox,
            clock=self.clock,
            public_url=self.settings.public_url,
            wake=self.dispatcher.wake,
        )


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


def _parse(settings: Settings, value: bytes, headers: Mapping[str, bytes]) -> Note:
    content_type = headers.get("content-type", b"").decode("latin-1")
    return parse(value, content_type=content_type, max_text_bytes=settings.note_max_bytes)


def _extract(components: Components) -> _Work:
    settings = components.settings
    stage = ExtractStage(
        components.extractor,
        components.publisher,
        parse=partial(_parse, settings),
        encode=wire.encode,
        topic=settings.topic_extractions,
    )
    return _Work(stage, settings.topic_notes, settings.batch_notes)


def _aggregate(components: Components) -> _Work:
    settings = components.settings
    stage = AggregateStage(components.aggregator, decode=partial(wire.decode, Extraction))
    return _Work(stage, settings.topic_extractions, settings.batch_extractions)


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
        metrics.serve(settings.metrics_port)
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
            background=work.background,
        )
        return await worker.run()
    finally:
        await components.close()
