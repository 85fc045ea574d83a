"""`./deploy/run demo`: notes through the whole service, with what became of them."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from deploy.demo.compile import NOTES_FOLDER, MarkedNote, compile_notes, planted_pairs, to_note_json
from deploy.local.errors import StackError
from deploy.local.progress import Lags
from deploy.local.stack import Stack
from deploy.local.triton_metrics import computed_seconds
from services.adapters import wire
from services.adapters.sql.overview import Overview, latest_signals, overview
from services.adapters.vocabulary import lexicon_file
from services.bootstrap.components import Components
from services.commands.console import progress
from services.commands.signals import signal_table
from services.config import load_settings
from services.core.contracts import MentionType, Pair
from services.core.counts import CountDelta
from services.core.errors import InvalidMessage
from services.core.signal_contracts import Signal
from services.ingest.jsonl import read_notes

RESCORE_SECONDS = 5.0
SETTINGS = {"ADEWATCH_RESCORE_INTERVAL_SECONDS": str(RESCORE_SECONDS)}
"""What a demonstration sets differently: nobody wants to wait a minute for the schedule."""

_LOOK_SECONDS = 0.5
_SEND_AT_ONCE = 100
_STALLED_SECONDS = 180.0
_LINE_SECONDS = 15.0  # where no bar can be drawn, a line now and then says how far it is

Message = tuple[str, bytes]

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found and how long it took.

    Attributes:
        sent: messages sent.
        seconds: from the first message sent to the last one finished by every stage.
        triton_seconds: of them Triton computed, summed over the models.
        numbers: what the record holds.
        counts: all counts, as the record derives them.
        signals: those that are an SDR now.
        historical: cases of their pairs that rest on historical statements only.
    """

    sent: int
    seconds: float
    triton_seconds: float
    numbers: Overview
    counts: CountDelta
    signals: list[Signal]
    historical: dict[Pair, int]


def run(stack: Stack, *, notes: Path | None, arguments: Sequence[str]) -> int:
    """Stream notes through a running stack; returns the exit status."""
    if arguments:
        raise StackError(f"demo knows no {' '.join(arguments)}; it takes --notes FILE")
    packaged = compile_notes(NOTES_FOLDER) if notes is None else []
    messages = _packaged(packaged) if notes is None else _from_file(notes)
    console.print(f"Streaming {len(messages)} notes through the service")
    os.environ.update(stack.environment())
    outcome = asyncio.run(_stream(stack, messages))
    _show(outcome)
    if packaged:
        _show_planted(packaged, outcome)
    verified = _show_webhooks(stack)
    console.print(
        "\nTo look further: ./deploy/run up leaves a service running; then"
        "\n  ./deploy/run adewatch send --notes FILE       stream notes of your own"
        "\n  ./deploy/run adewatch signals list            signals with their statistics"
        "\n  ./deploy/run adewatch counts verify           hot counts against the record"
        "\n  ./deploy/run adewatch dead-letters list ehr.notes"
    )
    return 0 if verified or not outcome.signals else 1


async def _stream(stack: Stack, messages: Sequence[Message]) -> Outcome:
    components = Components(load_settings())
    settings = components.settings
    stages = {
        "extract": settings.topic_notes,
        "aggregate": settings.topic_extractions,
        "detect": settings.topic_pairs,
        "alert": settings.topic_signals,
    }
    try:
        computed = await asyncio.to_thread(computed_seconds, stack.triton.metrics)
        started = time.perf_counter()
        sending = asyncio.create_task(_send(components, messages))
        async with Lags(settings.kafka_bootstrap, stages) as lags:
            with progress(console) as bar:
                try:
                    await _watch(components, lags, bar, sending, len(messages))
                finally:
                    sending.cancel()
            seconds = time.perf_counter() - started
            triton = await asyncio.to_thread(computed_seconds, stack.triton.metrics) - computed
            console.print("Waiting for the scheduled rescoring")
            await asyncio.sleep(RESCORE_SECONDS + 1)
            await _settled(components, lags)
        _, counts = await asyncio.to_thread(components.cases.counts)
        signals = await asyncio.to_thread(latest_signals, components.engine)
        pairs = [Pair(signal.drug, signal.event) for signal in signals]
        return Outcome(
            sent=len(messages),
            seconds=seconds,
            triton_seconds=triton,
            numbers=await asyncio.to_thread(overview, components.engine),
            counts=counts,
            signals=signals,
            historical=await asyncio.to_thread(components.case_book.historical_only, pairs),
        )
    finally:
        await components.close()


async def _send(components: Components, messages: Sequence[Message]) -> None:
    for start in range(0, len(messages), _SEND_AT_ONCE):
        batch = messages[start : start + _SEND_AT_ONCE]
        await components.publisher.publish(components.settings.topic_notes, batch)


async def _watch(
    components: Components, lags: Lags, bar: Progress, sending: asyncio.Task[None], total: int
) -> None:
    """Show how far it is, until everything sent has gone through every stage."""
    task = bar.add_task("notes", total=total, info="")
    moved, before = time.perf_counter(), (-1, -1)
    next_line = moved + _LINE_SECONDS
    while True:
        sent = sending.done()
        if sent:
            sending.result()
        waiting = await lags.all()
        numbers = await asyncio.to_thread(overview, components.engine)
        done = max(total - waiting["extract"], 0) if sent else numbers.notes
        info = f"{numbers.relations} relations · {numbers.cases} cases · {numbers.signals} signals"
        bar.update(task, completed=min(done, total), info=info)
        if not console.is_terminal and time.perf_counter() > next_line:
            console.print(f"{min(done, total)} of {total} notes · {info}")
            next_line = time.perf_counter() + _LINE_SECONDS
        if sent and not any(waiting.values()) and _quiet(numbers):
            return
        if (done, sum(waiting.values())) != before:
            moved, before = time.perf_counter(), (done, sum(waiting.values()))
        elif time.perf_counter() - moved > _STALLED_SECONDS:
            raise StackError(f"nothing moves any more: {waiting}; see ./deploy/run logs")
        await asyncio.sleep(_LOOK_SECONDS)


async def _settled(components: Components, lags: Lags) -> None:
    while any((await lags.all()).values()) or not _quiet(  # noqa: ASYNC110
        await asyncio.to_thread(overview, components.engine)
    ):
        await asyncio.sleep(_LOOK_SECONDS)


def _quiet(numbers: Overview) -> bool:
    return not numbers.unpublished and not numbers.deliveries.get("pending")


def _packaged(notes: Sequence[MarkedNote]) -> list[Message]:
    return [
        (note.patient_key, json.dumps(to_note_json(note), ensure_ascii=False).encode())
        for note in notes
    ]


def _from_file(path: Path) -> list[Message]:
    messages, refused = [], 0
    for line in read_notes(path, written_at=datetime.now(UTC)):
        if isinstance(line.note, InvalidMessage):
            refused += 1
        else:
            messages.append((line.note.patient_key, wire.encode(line.note)))
    if refused:
        console.print(f"{refused} lines of {path.name} are no notes and are left out")
    if not messages:
        raise StackError(f"{path.name} has no notes")
    return messages


def _show(outcome: Outcome) -> None:
    numbers = outcome.numbers
    console.print(
        f"\n{outcome.sent} messages in {outcome.seconds:.1f} s: "
        f"{outcome.sent / outcome.seconds:.1f} notes per second; Triton computed "
        f"{outcome.triton_seconds / outcome.seconds:.0%} of that time"
    )
    console.print(
        f"{numbers.notes} notes · {numbers.relations} relations, {numbers.counted} of them counted "
        f"· {numbers.cases} cases · {len(outcome.counts.pairs)} pairs · {numbers.signals} signals\n"
    )
    console.print(signal_table(outcome.signals, outcome.counts.pairs, outcome.historical))


def _show_planted(notes: Sequence[MarkedNote], outcome: Outcome) -> None:
    signals = {Pair(signal.drug, signal.event) for signal in outcome.signals}
    table = Table("planted pair", "", box=None, header_style="dim", title="\nPlanted pairs")
    for header in ("patients", "cases found"):
        table.add_column(header, justify="right")
    table.add_column("signal")
    lexicon = lexicon_file.load()
    for (drug, event), patients in sorted(planted_pairs(notes).items()):
        pair = Pair(
            lexicon.name(MentionType.DRUG, drug).concept,
            lexicon.name(MentionType.ADE, event).concept,
        )
        found = outcome.counts.pairs.get(pair, 0)
        table.add_row(
            drug, event, str(len(patients)), str(found), "yes" if pair in signals else "missed"
        )
    console.print(table)


def _show_webhooks(stack: Stack) -> bool:
    """Say what the example receiver got; whether all of it verified and there was some."""
    lines = stack.received.read_text().splitlines() if stack.received.exists() else []
    received = [json.loads(line) for line in lines]
    verified = [one for one in received if one["verified"]]
    console.print(
        f"\n{len(received)} webhooks received at {stack.receiver_url}, "
        f"{len(verified)} with a valid signature"
    )
    if verified:
        console.print(f"The last one, {verified[-1]['webhook_id']}:")
        console.print_json(data=verified[-1]["body"])
    return bool(verified) and len(verified) == len(received)
