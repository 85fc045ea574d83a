"""What reviewers say of evidence, and its export as labelled data for training.

Only `export` writes text of notes, to a file that its owner alone can read.
"""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.adapters.private_file import write_private
from services.bootstrap.components import Components
from services.commands.console import out, with_components
from services.core.contracts import Assertion, Pair
from services.core.errors import ConfigurationError
from services.core.verdicts import (
    EvidenceItem,
    Judgement,
    Verdict,
    VerdictRecord,
    labelled,
)

app = typer.Typer(help="What reviewers say of evidence.", no_args_is_help=True)


@app.command("evidence")
def list_evidence(
    drug: Annotated[str, typer.Argument(help="concept, as signals have it")],
    event: Annotated[str, typer.Argument(help="likewise")],
) -> None:
    """Show the evidence of a pair by the names that `add` takes, without text.

    What repeats an earlier note says of which evidence it is a copy.
    """

    async def work(components: Components) -> list[EvidenceItem]:
        return await asyncio.to_thread(components.verdicts.evidence, Pair(drug, event))

    found = with_components(work)
    names = {item.place: f"{item.note_key}:{item.key}" for item in found}
    for item in found:
        _line(
            names[item.place],
            f"drug at {item.drug.start}–{item.drug.end}",
            f"event at {item.event.start}–{item.event.end}",
            item.assertion.value,
            *([] if item.section is None else [f"section {item.section}"]),
            # A copy is of its source's pair, so its source is shown too.
            *([] if item.copy_of is None else [f"copy of {names[item.copy_of]}"]),
        )


@app.command("add")
def add(
    evidence: Annotated[str, typer.Argument(help="as `verdicts evidence` shows it")],
    judgement: Annotated[Judgement, typer.Argument(help="whether the text says so")],
    status: Annotated[
        Assertion | None, typer.Option(help="What the text asserts, if extracted wrongly.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who says so; default: the user of this process.")] = "",
) -> None:
    """Write down what a reviewer says; a later verdict on the same evidence goes before it."""
    note_key, separator, key = evidence.partition(":")
    if not separator:
        raise ConfigurationError("evidence is named NOTE:EVIDENCE, as `verdicts evidence` shows it")
    if status is not None and judgement is not Judgement.CONFIRMED:
        raise ConfigurationError("only a confirmed relation has a status")

    async def work(components: Components) -> Verdict | None:
        return await asyncio.to_thread(
            components.verdicts.judge,
            note_key,
            key,
            judgement,
            by=by or getpass.getuser(),
            status=status,
        )

    verdict = with_components(work)
    if verdict is None:
        raise ConfigurationError("no standing note has this evidence: it may have been amended")
    said = f"{verdict.judgement.value} by {verdict.by}, verdict {verdict.revision} on it"
    out.print(said, markup=False)


@app.command("list")
def list_verdicts() -> None:
    """Show all verdicts by time, without text."""

    async def work(components: Components) -> list[Verdict]:
        return await asyncio.to_thread(components.verdicts.verdicts)

    for one in with_components(work):
        _line(
            f"{one.note_key}:{one.evidence_key}",
            f"verdict {one.revision}",
            one.judgement.value if one.status is None else f"{one.judgement}, {one.status}",
            one.by,
            one.at.isoformat(timespec="seconds"),
        )


@app.command("export")
def export(
    file: Annotated[Path, typer.Option("--out", help="JSON Lines; holds text of notes.")],
) -> None:
    """Write judged evidence as labelled documents, for `python -m training retrain --verdicts`
    where the record cannot be reached; where it can, `--verdicts-from-store` does the same.

    The file holds text of patients' notes; only its owner can read it. Keep it where notes may be.
    """

    out.print(f"{write_labelled(file)} labelled documents written to {file}")


def write_labelled(file: Path) -> int:
    """Write the labelled documents of the record of the settings; training asks for them too.

    Args:
        file: gets a JSON object a line, and mode 0600.

    Returns:
        How many there were.

    Raises:
        DependencyUnavailable: the record did not answer.
        IntegrityError: it has no such tables.
        ConfigurationError: a setting is wrong, or the file cannot be written.
    """

    async def work(components: Components) -> int:
        record = components.verdicts
        return await asyncio.to_thread(lambda: write_private(file, labelled_lines(record)))

    return with_components(work)


def labelled_lines(record: VerdictRecord) -> Iterator[str]:
    """What can be learned from the verdicts of a record, a JSON object a line."""
    for item, verdict in record.judged():
        document = labelled(item, verdict)
        if document is not None:
            yield json.dumps(document)


def _line(*words: str) -> None:
    """Unlike a table, a line keeps a long name in one piece."""
    out.print("  ".join(words), soft_wrap=True, markup=False)
