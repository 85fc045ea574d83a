"""`python -m training corpus …`: numbers, checks and the datasheet of the corpora."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from training.corpora import adewatch, catalogue, n2c2
from training.corpora.agreement import agreement as compare
from training.corpora.datasheet import render
from training.corpora.marked_note import MarkedNote, standing
from training.corpora.markup import compile_notes, problems
from training.corpora.statistics import distance, statistics
from training.errors import CorpusError
from training.settings import SEED, data_dir

app = typer.Typer(no_args_is_help=True, help="Numbers, checks and the datasheet of the corpora.")

AGREEMENT = adewatch.NOTES.parent / "agreement.json"
READINGS = adewatch.NOTES.parent / "READINGS.md"
DATASHEET = adewatch.NOTES.parent / "DATASHEET.md"

FolderOption = Annotated[Path, typer.Option(help="folder of notes files (*.txt)")]


@app.command()
def stats(
    corpora: Annotated[str, typer.Option(help="names, separated by commas; default: all")] = "",
) -> None:
    """Count documents, mentions, relations, traps and distances, and print JSON."""
    data = Path() if corpora == adewatch.CORPUS else data_dir()
    names = corpora.split(",") if corpora else _all_there_are(data)
    figures = {name: _figures(name, data) for name in names}
    typer.echo(json.dumps(figures, indent=2))


def _all_there_are(data: Path) -> list[str]:
    lacking = catalogue.lacking(data)
    for line in lacking.values():
        typer.echo(line, err=True)
    return [name for name in catalogue.READERS if name not in lacking]


def _figures(name: str, data: Path) -> dict[str, object]:
    figures = statistics(catalogue.read(name, data)).as_json()
    if name == n2c2.CORPUS:
        # It annotates more than documents keep.
        figures["as_released"] = n2c2.counts(n2c2.read_folder(data / n2c2.FOLDER))
    return figures


@app.command()
def check(folder: FolderOption = adewatch.NOTES) -> None:
    """Check notes files; every mistake is named with file and line."""
    paths = sorted(folder.glob("*.txt"))
    found = [str(problem) for path in paths for problem in problems(path)]
    # What notes say of each other, and where sentences end, is asked only of notes that parse.
    notes = [] if found else compile_notes(folder)
    found += _too_far(notes)
    for line in found:
        typer.echo(line, err=True)
    if found:
        raise typer.Exit(1)
    typer.echo(f"{len(notes)} notes in {len(paths)} files: no mistake found")


def _too_far(notes: Sequence[MarkedNote]) -> list[str]:
    """Relations whose mentions no window holds."""
    return [
        f"{note.where}: {relation.drug_id} > {relation.event_id} needs more than a window"
        for note in standing(notes)
        for document in adewatch.documents([note], prefix="")
        for relation in document.relations
        if distance(document, relation) == "more"
    ]


@app.command()
def agreement(
    first: Annotated[Path, typer.Argument(help="folder of notes files")],
    second: Annotated[Path, typer.Argument(help="the same notes, annotated again")],
    out: Annotated[Path, typer.Option(help="where the figures go")] = AGREEMENT,
) -> None:
    """Compare two annotations of the same notes, print JSON and keep it for the datasheet."""
    one, other = (
        adewatch.documents(compile_notes(folder), prefix="") for folder in (first, second)
    )
    figures = json.dumps(compare(one, other).as_json(), indent=2) + "\n"
    out.write_text(figures, encoding="utf-8")
    typer.echo(figures, nl=False)


@app.command()
def datasheet(
    out: Annotated[Path, typer.Option(help="the file to write")] = DATASHEET,
) -> None:
    """Write the datasheet of our own corpus with the numbers of its notes."""
    notes = adewatch.read_notes()
    parts = adewatch.split_notes(notes, seed=SEED)
    divided = {"train": parts.train, "dev": parts.dev, "test": parts.test}
    try:
        figures = json.loads(AGREEMENT.read_text(encoding="utf-8")) if AGREEMENT.exists() else None
    except ValueError as error:
        raise CorpusError(f"{AGREEMENT} is no JSON: {error}") from error
    by_part = {name: statistics(part) for name, part in divided.items()}
    readings = READINGS.read_text(encoding="utf-8") if READINGS.exists() else ""
    out.write_text(render(statistics(notes), by_part, figures, readings), encoding="utf-8")
    typer.echo(f"wrote {out}")
