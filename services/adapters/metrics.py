"""Metrics of a worker for Prometheus. Labels are stages, reasons and dependencies, never text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, start_http_server

from services.core.disagreement import NOTES, RELATIONS, Beside, Disagreement

SECONDS_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class StageMetrics:
    """Counters of one stage."""

    def __init__(self, stage: str, registry: CollectorRegistry = REGISTRY) -> None:
        label = {"stage": stage}
        self._messages = Counter(
            "adewatch_messages", "Messages taken from the topic.", ["stage"], registry=registry
        ).labels(**label)
        self._seconds = Histogram(
            "adewatch_batch_seconds",
            "Time from taking a batch to its end.",
            ["stage"],
            registry=registry,
            buckets=SECONDS_BUCKETS,
        ).labels(**label)
        self._dead_letters = Counter(
            "adewatch_dead_letters", "Dead letters.", ["stage", "reason"], registry=registry
        )
        self._unavailable = Counter(
            "adewatch_dependency_unavailable",
            "Attempts that found a dependency away.",
            ["stage", "dependency"],
            registry=registry,
        )
        self._stage = stage

    @contextmanager
    def batch(self, messages: int) -> Iterator[None]:
        """Time a batch and count its messages when it has come to its end."""
        start = time.perf_counter()
        yield
        self._messages.inc(messages)
        self._seconds.observe(time.perf_counter() - start)

    def rejected(self, reason: str) -> None:
        """Count a dead letter."""
        self._dead_letters.labels(stage=self._stage, reason=reason).inc()

    def unavailable(self, dependency: str) -> None:
        """Count an attempt that found a dependency away."""
        self._unavailable.labels(stage=self._stage, dependency=dependency).inc()


class GatewayMetrics:
    """Counters of the gateway."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._messages = Counter(
            "adewatch_gateway_messages",
            "Messages that hospitals sent: accepted, refused, or told to come again.",
            ["protocol", "outcome"],
            registry=registry,
        )

    def observe(self, protocol: str, outcome: str) -> None:
        """Count a message."""
        self._messages.labels(protocol=protocol, outcome=outcome).inc()


class ShadowMetrics:
    """Counters of the candidate that reads beside the serving pair."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        versions = ["ner", "relation"]
        self._notes = Counter(
            "adewatch_shadow_notes",
            "Notes of the shadow's sample: read (notes), dropped or failed.",
            [*versions, "outcome"],
            registry=registry,
        )
        self._relations = Counter(
            "adewatch_shadow_relations",
            "Relations that serving pair and candidate found in the same notes.",
            [*versions, "kind"],
            registry=registry,
        )

    def observe(self, beside: Beside, found: Disagreement) -> None:
        """Add counts, by the versions of the candidate."""
        ner, relation = beside.candidate.ner, beside.candidate.relation
        for name in NOTES:
            self._notes.labels(ner=ner, relation=relation, outcome=name).inc(getattr(found, name))
        for name in RELATIONS:
            self._relations.labels(ner=ner, relation=relation, kind=name).inc(getattr(found, name))


def serve(port: int, *, address: str) -> None:
    """Serve /metrics on an address of this host, unless the port is 0."""
    if port:
        start_http_server(port, addr=address)
