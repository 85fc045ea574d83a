"""A worker that starts on an empty broker reads what is sent later.

Faust says "Ignoring missing topic" and never reads a topic that did not exist when it looked.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from deploy.local.command import Command, logged
from deploy.local.kafka import Kafka
from deploy.local.layout import REPOSITORY
from deploy.local.processes import Launch
from deploy.local.triton import Triton
from services.adapters.kafka import KafkaPublisher
from services.adapters.topics import partitions_of
from tests.integration.topics_seen import eventually, read_topic

pytestmark = pytest.mark.stack


async def test_a_worker_makes_its_topics_before_it_reads_them(
    kafka_stack: Kafka, triton_server: Triton, tmp_path: Path
) -> None:
    kafka_stack.start()
    environment = {
        **os.environ,
        "ADEWATCH_KAFKA_BOOTSTRAP": kafka_stack.bootstrap,
        "ADEWATCH_TRITON_GRPC": triton_server.grpc,
        "ADEWATCH_MODEL_REPOSITORY": str(REPOSITORY / "model_repository"),
        "ADEWATCH_TOPIC_NOTES": "first.notes",
        "ADEWATCH_TOPIC_EXTRACTIONS": "first.extractions",
    }
    assert not await partitions_of(kafka_stack.bootstrap, "first.notes", timeout_seconds=60)
    worker = Command(
        name="extract",
        launch=Launch(
            argv=[sys.executable, "-m", "services.cli", "worker", "extract"],
            environment=environment,
            directory=REPOSITORY,
        ),
        run_directory=tmp_path,
        ready=logged("worker started"),
        timeout_seconds=600,
    )
    worker.start()
    try:
        publisher = KafkaPublisher(
            kafka_stack.bootstrap, request_timeout_seconds=90, message_max_bytes=1024 * 1024
        )
        note = {
            "source": "first",
            "note_id": "n1",
            "patient_key": "p1",
            "written_at": "2026-05-01T08:00:00Z",
            "text": "Rash after amoxicillin.",
        }
        await publisher.publish("first.notes", [("p1", json.dumps(note).encode())])
        await publisher.close()

        async def extracted() -> bool:
            return bool(await read_topic(kafka_stack.bootstrap, "first.extractions"))

        await eventually("the note is extracted", extracted)
    finally:
        worker.stop()
