"""Notes per second through the whole service, against the bare models on the same tokens.

    ./deploy/run bench [--notes FILE] [--rounds N]

Every round measures, one after the other on the same Triton:

- bare: the token batches of all notes, recorded beforehand, sent to Triton and nothing else;
- service: the same notes from Kafka through extract, aggregate, detect and alert, until every stage
  has committed everything.

The ratio service / bare is what the service costs. Rounds alternate, so that a machine that gets
slower slows both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from deploy.demo.compile import NOTES_FOLDER, compile_notes, to_note_json
from deploy.local.layout import STATE, install
from deploy.local.ports import Ports
from deploy.local.progress import Lags
from deploy.local.stack import Stack
from deploy.local.workspaces import claim, release
from services.adapters import wire
from services.adapters.kafka import KafkaPublisher
from services.adapters.triton import TritonServer
from services.bootstrap.components import Components
from services.config import Settings
from services.core.contracts import Note
from services.core.model_ports import Inference, IntArray, TokenModel
from services.ingest.json_note import parse_json_note
from services.ingest.jsonl import read_notes

STAGES = {
    "extract": "ehr.notes",
    "aggregate": "ade.extractions",
    "merge": "ehr.merges",
    "detect": "pv.pairs",
    "alert": "pv.signals",
}
LOOK_SECONDS = 0.1


Batch = tuple[IntArray, IntArray, IntArray | None]
"""Ids, mask and, of a model that is asked about pairs, the pairs."""


@dataclass
class Recorder:
    """A token model that remembers what it was asked."""

    model: TokenModel
    asked: list[Batch] = field(default_factory=list)

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        """Ask the model and remember the batch."""
        self.asked.append((input_ids, attention_mask, pairs))
        return await self.model.infer(input_ids, attention_mask, pairs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--notes", type=Path, help="JSON lines; the packaged notes if absent")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    notes = _notes(arguments.notes)
    with _running_stack() as stack:
        asyncio.run(_measure(stack, notes, arguments.rounds))


async def _measure(stack: Stack, notes: Sequence[Note], rounds: int) -> None:
    settings = _settings(stack)
    batches = await _recorded(settings, notes)
    tokens = sum(int(mask.sum()) for asked in batches.values() for _, mask, _ in asked)
    print(f"{len(notes)} notes, {tokens} tokens for both models")
    print(f"{'round':>5} {'bare s':>8} {'service s':>10} {'notes/s':>8} {'ratio':>6}")
    ratios = []
    for number in range(1, rounds + 1):
        bare = await _bare(settings, batches)
        service = await _service(settings, _renamed(notes, number))
        ratios.append(service / bare)
        print(
            f"{number:>5} {bare:>8.2f} {service:>10.2f} {len(notes) / service:>8.1f} "
            f"{ratios[-1]:>6.2f}"
        )
    print(
        f"service / bare: median {statistics.median(ratios):.2f} "
        f"(min {min(ratios):.2f}, max {max(ratios):.2f})"
    )


async def _recorded(settings: Settings, notes: Sequence[Note]) -> dict[str, list[Batch]]:
    """The batches that the extract stage sends for these notes."""
    components = Components(settings)
    recorders: dict[str, Recorder] = {}

    def model(name: str) -> Recorder:
        recorders[name] = Recorder(components.triton.model(name))
        return recorders[name]

    try:
        extractor = components.extractor_of(model)
        for start in range(0, len(notes), settings.batch_notes):
            await extractor.extract(notes[start : start + settings.batch_notes])
    finally:
        await components.close()
    return {name: recorder.asked for name, recorder in recorders.items()}


async def _bare(settings: Settings, batches: dict[str, list[Batch]]) -> float:
    """Seconds that Triton needs for the batches, as many at a time as the stage sends."""
    server = TritonServer(settings.triton_grpc, timeout_seconds=settings.triton_timeout_seconds)
    started = time.perf_counter()
    for name, asked in batches.items():
        waiting = iter(asked)

        async def work(name: str, waiting: Iterator[Batch]) -> None:
            for input_ids, mask, pairs in waiting:
                await server.infer(name, input_ids, mask, pairs)

        workers = [work(name, waiting) for _ in range(settings.triton_parallel_requests)]
        await asyncio.gather(*workers)
    seconds = time.perf_counter() - started
    await server.close()
    return seconds


async def _service(settings: Settings, notes: Sequence[Note]) -> float:
    """Seconds from the first note sent to the last commit of the last stage."""
    publisher = KafkaPublisher(
        settings.kafka_bootstrap,
        request_timeout_seconds=settings.kafka_request_timeout_seconds,
        message_max_bytes=settings.message_max_bytes,
    )
    async with Lags(settings.kafka_bootstrap, STAGES) as lags:
        started = time.perf_counter()
        await publisher.publish(
            settings.topic_notes, [(note.patient_key, wire.encode(note)) for note in notes]
        )
        while any((await lags.all()).values()):  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - started
    await publisher.close()
    return seconds


def _renamed(notes: Sequence[Note], number: int) -> list[Note]:
    """The same texts as notes of other patients, so that a round counts them again."""
    return [
        replace(note, source=f"round-{number}", patient_key=f"{number}-{note.patient_key}")
        for note in notes
    ]


def _notes(path: Path | None) -> list[Note]:
    if path is None:
        compiled = [to_note_json(note) for note in compile_notes(NOTES_FOLDER)]
        return [parse_json_note(json.dumps(note).encode()) for note in compiled]
    lines = read_notes(path, written_at=datetime.now(UTC))
    return [line.note for line in lines if isinstance(line.note, Note)]


def _settings(stack: Stack) -> Settings:
    prefix = "ADEWATCH_"
    values = {
        name.removeprefix(prefix).lower(): value
        for name, value in stack.environment().items()
        if name.startswith(prefix)
    }
    return Settings.model_validate(values)


@contextmanager
def _running_stack() -> Iterator[Stack]:
    installed = install(STATE, progress=print)
    folder = claim(STATE / "bench")
    stack = Stack(directory=folder, installed=installed, ports=Ports.choose())
    try:
        stack.start(progress=print)
        yield stack
    finally:
        stack.stop()
        release(folder)


if __name__ == "__main__":
    main()
