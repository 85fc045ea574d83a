"""The only wiring: settings to running components. Importing it connects to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from random import SystemRandom
from uuid import uuid4

from sqlalchemy import Engine

from services.adapters import model_files, wire
from services.adapters.clock import SystemClock
from services.adapters.kafka import KafkaPublisher
from services.adapters.redis_counts import RedisCounts, connect
from services.adapters.sql.case_book import SqlCaseBook
from services.adapters.sql.case_record import SqlCaseRecord
from services.adapters.sql.curation import SqlCuration
from services.adapters.sql.deliveries import SqlOutbox
from services.adapters.sql.disagreements import SqlDisagreements
from services.adapters.sql.engine import make_engine
from services.adapters.sql.priors import SqlPriorRecord
from services.adapters.sql.signals import SqlSignalRecord
from services.adapters.sql.subscriptions import SqlSubscriptions
from services.adapters.sql.verdicts import SqlVerdicts
from services.adapters.triton import TritonServer
from services.adapters.vocabulary import vocabularies
from services.adapters.webhooks import HttpxSender, SecretFiles, parse_networks
from services.aggregate.handler import Aggregator
from services.alert.dispatcher import Dispatcher
from services.alert.handler import Alerter
from services.bootstrap.extractors import extractor
from services.bootstrap.rule import configured_rule
from services.config import Environment, Settings
from services.core.contracts import MentionType
from services.core.model_ports import TokenModel
from services.core.model_versions import VersionPair
from services.core.pseudonyms import Pseudonymiser, parse_keys
from services.core.reading import Reading
from services.core.rules import Rule
from services.core.vocabulary.curation import CuratedVocabulary
from services.core.vocabulary.lexicon import Lexicon
from services.detect.handler import Detector
from services.detect.priors import SharedPrior
from services.extract.current import CurrentReader
from services.extract.handler import Extractor
from services.ingest.intake import SOURCE_HEADER, Intake
from services.ingest.recognise import parse


class Components:
    """What a process may need, made when first asked for and closed in reverse order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self._closing = AsyncExitStack()
        self._vocabulary: CuratedVocabulary | None = None

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
        engine = make_engine(
            self.settings.database_url,
            statement_timeout_seconds=self.settings.database_timeout_seconds,
        )
        self._closing.callback(engine.dispose)
        return engine

    @cached_property
    def cases(self) -> SqlCaseRecord:
        """The record of notes, evidence and counts."""
        days = self.settings.episode_gap_days
        return SqlCaseRecord(
            self.engine,
            clock=self.clock,
            counted=self.settings.counted_assertions,
            episode_gap=None if days is None else timedelta(days=days),
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
    def intake(self) -> Intake:
        """The door of messages of hospitals."""
        settings = self.settings
        keys = parse_keys(settings.pseudonym_keys.get_secret_value())
        return Intake(
            Pseudonymiser(keys),
            max_text_bytes=settings.note_max_bytes,
            zone=settings.hospital_time_zone,
            authorities=settings.identifier_authorities,
        )

    def parse(self, value: bytes, headers: Mapping[str, bytes]) -> Reading:
        """Read a message of a hospital by its headers and its content."""
        content_type = headers.get("content-type", b"").decode("latin-1")
        source = headers.get(SOURCE_HEADER, b"").decode("utf-8", "replace")
        return parse(value, replace(self.intake, source=source), content_type=content_type)

    @cached_property
    def extractor(self) -> CurrentReader:
        """Reads notes with the published models, and follows a publication or a rollback."""
        repository = self.settings.model_repository
        return CurrentReader(partial(model_files.serving_pair, repository), self.extractor_with)

    @cached_property
    def disagreements(self) -> SqlDisagreements:
        """The record of disagreement."""
        return SqlDisagreements(self.engine)

    @cached_property
    def verdicts(self) -> SqlVerdicts:
        """What reviewers said of evidence."""
        return SqlVerdicts(self.engine, clock=self.clock)

    def extractor_with(self, pair: VersionPair) -> Extractor:
        """Reads notes with one pair of versions on Triton."""
        return self.extractor_of(lambda name: self.triton.model(name, pair.of(name)), pair)

    def extractor_of(
        self, model: Callable[[str], TokenModel], pair: VersionPair | None = None
    ) -> Extractor:
        """Reads notes with other models under the names of Triton's.

        Args:
            model: a model by its name.
            pair: whose tokenizers and cards they have; by default the serving ones.
        """
        chosen = pair or model_files.serving_pair(self.settings.model_repository)
        return extractor(self.settings, model, chosen, vocabulary=lambda: self.vocabulary)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The vocabularies of this hospital."""
        settings = self.settings
        return vocabularies.of_hospital(
            rxnorm_folder=settings.rxnorm_folder,
            rxnorm_version=settings.rxnorm_version,
            meddra_folder=settings.meddra_folder,
            meddra_version=settings.meddra_version,
        )

    @property
    def vocabulary(self) -> CuratedVocabulary:
        """The lexicon under the decisions that were last read."""
        if self._vocabulary is None:
            self._vocabulary = CuratedVocabulary(self.lexicon)
        return self._vocabulary

    async def refresh_vocabulary(self) -> CuratedVocabulary:
        """Read the decisions of people.

        Raises:
            DependencyUnavailable: the record did not answer; what was read before stays.
        """
        decisions = await asyncio.to_thread(self.curation.decisions)
        self._vocabulary = CuratedVocabulary(self.lexicon, decisions)
        return self._vocabulary

    @cached_property
    def curation(self) -> SqlCuration:
        """Decisions about names."""
        return SqlCuration(self.engine, clock=self.clock)

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
            prior=SharedPrior(self.priors, clock=self.clock, moved=self.settings.prior_refit_share),
            versions_of=self.cases.versions_of,
            historical_only=self.case_book.historical_only,
            rule=self.rule,
            clock=self.clock,
            topic=self.settings.topic_signals,
            encode=wire.encode,
        )

    async def naming(self) -> Callable[[MentionType, str], str]:
        """What names the concepts of drugs and events as extraction does, decisions included.

        Raises:
            DependencyUnavailable: the record did not answer.
        """
        vocabulary = await self.refresh_vocabulary()
        return lambda kind, name: vocabulary.name(kind, name).concept

    @cached_property
    def rule(self) -> Rule:
        """What makes a pair a signal."""
        return configured_rule(self.settings)

    @cached_property
    def priors(self) -> SqlPriorRecord:
        """The fits of EBGM's prior."""
        return SqlPriorRecord(self.engine)

    @cached_property
    def case_book(self) -> SqlCaseBook:
        """The cases behind the counts."""
        return SqlCaseBook(self.engine)

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
