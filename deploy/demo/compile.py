"""Compiles the demo notes from their markup (`training.corpora.markup`) to messages and gold."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.demo.notes_model import planted_pairs, to_gold_json, to_note_json
from deploy.demo.notes_stats import statistics
from training.corpora import markup
from training.corpora.marked_note import MarkedNote
from training.errors import CorpusError

__all__ = [
    "NOTES_FOLDER",
    "MarkedNote",
    "compile_notes",
    "planted_pairs",
    "to_gold_json",
    "to_note_json",
]

NOTES_FOLDER = Path(__file__).parent / "notes"
TAGS = frozenset({"planted", "negation", "repeat", "trap", "none"})


def compile_notes(folder: Path = NOTES_FOLDER) -> list[MarkedNote]:
    """All notes of the `*.txt` files of a folder, in the order of files and lines.

    Raises:
        CorpusError: a file breaks the format, or notes contradict each other.
    """
    return markup.compile_notes(folder, tags=TAGS)


def _write_jsonl(path: Path, rows: Sequence[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.compile", description=__doc__)
    parser.add_argument("--folder", type=Path, default=NOTES_FOLDER, help="the notes files")
    parser.add_argument("--notes", type=Path, help="write the messages here, one per line")
    parser.add_argument("--gold", type=Path, help="write the gold here, one note per line")
    parser.add_argument("--stats", action="store_true", help="print what the notes hold")
    options = parser.parse_args(arguments)
    try:
        notes = compile_notes(options.folder)
    except CorpusError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.notes:
        _write_jsonl(options.notes, [to_note_json(note) for note in notes])
    if options.gold:
        _write_jsonl(options.gold, [to_gold_json(note) for note in notes])
    if options.stats:
        sys.stdout.write(statistics(notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
