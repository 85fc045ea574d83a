"""Dead letters: look at them, and send them to their origin again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.table import Table

from services.adapters.dead_letters import DeadLetter, read_dead_letters
from services.adapters.kafka import Record
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.ports import Message

app = typer.Typer(help="Messages that could not be processed.", no_args_is_help=True)

Topic = Annotated[str, typer.Argument(help="The topic they came from, such as ehr.notes.")]
Limit = Annotated[int, typer.Option(min=1, help="Read at most so many.")]
Reason = Annotated[str | None, typer.Option(help="Only those with this reason.")]


@app.command("list")
def list_letters(topic: Topic, limit: Limit = 1000, reason: Reason = None) -> None:
    """Show reason and origin of each, never its text."""

    async def work(components: Components) -> list[DeadLetter]:
        return await _read(components, topic, limit, reason)

    table = Table("partition", "offset", "time", "stage", "reason", "detail", "bytes")
    for letter in with_components(work):
        origin = letter.origin
        table.add_row(
            str(origin.partition),
            str(origin.offset),
            origin.timestamp.isoformat(timespec="seconds"),
            letter.stage,
            letter.reason,
            letter.detail,
            str(len(origin.value or b"")),
        )
    out.print(table)


@app.command()
def replay(topic: Topic, limit: Limit = 1000, reason: Reason = None) -> None:
    """Write them to their topic again, as they came. What is counted already stays as it is."""

    async def work(components: Components) -> int:
        letters = await _read(components, topic, limit, reason)
        await components.publisher.send(topic, [_record(letter.origin) for letter in letters])
        return len(letters)

    out.print(f"{with_components(work)} messages sent to {topic} again")


async def _read(
    components: Components, topic: str, limit: int, reason: str | None
) -> list[DeadLetter]:
    letters = await read_dead_letters(
        components.settings.kafka_bootstrap,
        topic,
        timeout_seconds=components.settings.kafka_request_timeout_seconds,
        limit=limit,
    )
    return distinct([one for one in letters if reason is None or one.reason == reason])


def distinct(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Of several letters about one message the last: a stage may have died after writing one."""
    return list({_message_of(letter): letter for letter in letters}.values())


def _message_of(letter: DeadLetter) -> tuple[str, int, int]:
    """Which message a letter is about."""
    origin = letter.origin
    if origin.offset < 0:
        # Refused at the gateway, it never lay in a topic: each such letter is its own message.
        return ("", letter.partition, letter.offset)
    return (origin.topic, origin.partition, origin.offset)


def _record(origin: Message) -> Record:
    return Record(origin.key, origin.value, origin.headers)
