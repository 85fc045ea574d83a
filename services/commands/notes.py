"""Files of notes: extract them here, or send them to Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from services.adapters import wire
from services.bootstrap.components import Components
from services.commands.console import err, progress, with_components
from services.core.contracts import Note
from services.core.errors import InvalidMessage
from services.ingest.english import english_part
from services.ingest.jsonl import Line, read_notes

EXIT_SOME_REJECTED = 3
"""Exit status of a command that kept some lines as dead letters."""

NotesFile = Annotated[
    Path, typer.Option("--notes", exists=True, dir_okay=False, help="A file of JSON lines.")
]


@dataclass(slots=True)
class Rejects:
    """Lines that are not read, or not all of them, kept in a file beside the output."""

    path: Path
    count: int = 0
    _file: BinaryIO | None = field(default=None, repr=False)

    def keep(self, line: Line, error: InvalidMessage) -> None:
        """Write the line as it came, with its number and the reason."""
        if self._file is None:
            self._file = self.path.open("wb")
        self.count += 1
        letter = {
            "line": line.number,
            "reason": error.reason,
            "detail": error.detail,
            "original": line.raw.decode("utf-8", "backslashreplace").rstrip("\n"),
        }
        self._file.write(json.dumps(letter, ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """Close the file, if there was anything to keep."""
        if self._file is not None:
            self._file.close()

    def finish(self) -> None:
        """Say what was kept; exits with EXIT_SOME_REJECTED if anything was."""
        self.close()
        if self.count:
            err.print(f"{self.count} lines are no notes, or not all English; see {self.path}")
            raise typer.Exit(EXIT_SOME_REJECTED)


def extract(
    notes: NotesFile,
    out: Annotated[Path, typer.Option("--out", help="Where to write one extraction a line.")],
) -> None:
    """Extract a file of notes without Kafka: one Extraction per line, in the order of the file.

    Lines that are no notes or not English, all or in part, are kept in OUT.dead-letters.jsonl with
    the reason, and the exit status is then 3.
    """
    rejects = Rejects(out.with_name(out.name + ".dead-letters.jsonl"))

    async def work(components: Components) -> None:
        extractor = components.extractor
        total = _count_lines(notes)
        with out.open("wb") as file, progress() as bar:
            task = bar.add_task("extracting", total=total, info="")
            found = 0
            for batch in _batches(_english(notes, components, rejects), components):
                for extraction in await extractor.extract(batch):
                    file.write(wire.encode(extraction) + b"\n")
                    found += len(extraction.relations)
                bar.update(task, advance=len(batch), info=f"{found} relations")
            bar.update(task, completed=total)

    with_components(work)
    rejects.finish()


def send(notes: NotesFile) -> None:
    """Send a file of notes to the topic of notes, keyed by patient.

    Lines that are no notes are kept in NOTES.dead-letters.jsonl, and the exit status is then 3.
    """
    rejects = Rejects(notes.with_name(notes.name + ".dead-letters.jsonl"))

    async def work(components: Components) -> None:
        total = _count_lines(notes)
        topic = components.settings.topic_notes
        with progress() as bar:
            task = bar.add_task("sending", total=total, info="")
            for batch in _batches(_notes(notes, components, rejects), components):
                await components.publisher.publish(
                    topic, [(note.patient_key, wire.encode(note)) for note in batch]
                )
                bar.update(task, advance=len(batch))
            bar.update(task, completed=total)

    with_components(work)
    rejects.finish()


def _english(path: Path, components: Components, rejects: Rejects) -> Iterator[Note]:
    """What is English of the notes of a file, as the extract stage would read it."""
    for line, note in _lines(path, components, rejects):
        try:
            read, problem = english_part(note)
        except InvalidMessage as error:
            rejects.keep(line, error)
            continue
        if problem is not None:
            rejects.keep(line, problem)
        yield read


def _notes(path: Path, components: Components, rejects: Rejects) -> Iterator[Note]:
    return (note for _, note in _lines(path, components, rejects))


def _lines(path: Path, components: Components, rejects: Rejects) -> Iterator[tuple[Line, Note]]:
    lines = read_notes(
        path,
        written_at=datetime.now(UTC),
        max_text_bytes=components.settings.note_max_bytes,
    )
    for line in lines:
        if isinstance(line.note, InvalidMessage):
            rejects.keep(line, line.note)
        else:
            yield line, line.note


def _batches(notes: Iterable[Note], components: Components) -> Iterator[list[Note]]:
    iterator = iter(notes)
    while batch := list(islice(iterator, components.settings.batch_notes)):
        yield batch


def _count_lines(path: Path) -> int:
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.strip())
