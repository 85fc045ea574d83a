"""Compiles the demo notes from their markup to messages and gold.

    === note dm-0001 | source st-marien | patient p001 | version 1 | written 2026-03-02T10:15 | …
    Free text in which {D1|amoxicillin} was followed by a {A1|rash}.
    --- relations
    D1 > A1 affirmed
    --- tags planted, repeat-of dm-0000

A header also takes `type`, `sex`, `age` and `status retracted`; times are UTC. `{D…|…}` is a drug,
`{A…|…}` an event. The sections after the text may be left out.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from deploy.demo.notes_checks import check_corpus, check_note
from deploy.demo.notes_model import (
    DemoNote,
    DemoNoteError,
    GoldMention,
    GoldRelation,
    planted_pairs,
    to_gold_json,
    to_note_json,
)
from deploy.demo.notes_stats import statistics
from services.core.contracts import Assertion, MentionType, NoteStatus, Sex

__all__ = [
    "NOTES_FOLDER",
    "DemoNote",
    "DemoNoteError",
    "compile_notes",
    "parse_file",
    "planted_pairs",
    "to_gold_json",
    "to_note_json",
]

NOTES_FOLDER = Path(__file__).parent / "notes"
TAGS = frozenset({"planted", "negation", "repeat", "trap", "none"})

E = TypeVar("E", bound=StrEnum)

_HEADER = "=== note "
_RELATIONS = "--- relations"
_TAGS = "--- tags"
_REQUIRED = ("source", "patient", "version", "written")
_OPTIONAL = ("type", "sex", "age", "status")
_MENTION = re.compile(r"\{([DA]\d+)\|([^{}|\n]+)\}")
_RELATION = re.compile(r"(D\d+) > (A\d+) (\w+)")
_TYPES = {"D": MentionType.DRUG, "A": MentionType.ADE}


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a file and its "file:number"."""

    where: str
    text: str


def compile_notes(folder: Path = NOTES_FOLDER) -> list[DemoNote]:
    """All notes of the `*.txt` files of a folder, in the order of files and lines.

    Raises:
        DemoNoteError: a file breaks the format, or notes contradict each other.
    """
    notes = [note for path in sorted(folder.glob("*.txt")) for note in parse_file(path)]
    check_corpus(notes)
    return notes


def parse_file(path: Path) -> list[DemoNote]:
    """The notes of one file, each checked by itself.

    Raises:
        DemoNoteError: the file breaks the format.
    """
    text = path.read_text(encoding="utf-8")
    lines = [
        _Line(f"{path.name}:{number}", line.rstrip())
        for number, line in enumerate(text.split("\n"), start=1)
    ]
    return [_parse_note(block) for block in _blocks(lines)]


def _blocks(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    block: list[_Line] = []
    for line in lines:
        if line.text.startswith("==="):
            if not line.text.startswith(_HEADER):
                raise DemoNoteError(line.where, f"a header starts with {_HEADER!r}")
            if block:
                yield block
            block = [line]
        elif block:
            block.append(line)
        elif line.text:
            raise DemoNoteError(line.where, "text before the first header")
    if block:
        yield block


def _parse_note(block: Sequence[_Line]) -> DemoNote:
    header, body = block[0], block[1:]
    fields = _header_fields(header)
    text_lines, relation_lines, tag_line = _sections(body)
    text, mentions = _text(text_lines)
    tags, repeat_of = _parse_tags(tag_line)
    age = fields.get("age")
    note = DemoNote(
        source=fields["source"],
        note_id=fields["note"],
        version=_whole(header, "version", fields["version"]),
        patient_key=fields["patient"],
        written_at=_written(header, fields["written"]),
        text=text,
        status=_member(header, NoteStatus, fields.get("status", "current")),
        sex=_member(header, Sex, fields.get("sex", "unknown")),
        age_years=None if age is None else _whole(header, "age", age),
        note_type=fields.get("type"),
        mentions=mentions,
        relations=tuple(_parse_relation(line) for line in relation_lines),
        tags=tags,
        repeat_of=repeat_of,
        where=header.where,
    )
    check_note(note)
    return note


def _header_fields(header: _Line) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in header.text.removeprefix("=== ").split(" | "):
        name, _, value = part.strip().partition(" ")
        if name not in ("note", *_REQUIRED, *_OPTIONAL):
            raise DemoNoteError(header.where, f"unknown field {name!r} in the header")
        if not value.strip():
            raise DemoNoteError(header.where, f"field {name!r} has no value")
        if name in fields:
            raise DemoNoteError(header.where, f"field {name!r} is given twice")
        fields[name] = value.strip()
    missing = [name for name in _REQUIRED if name not in fields]
    if missing:
        raise DemoNoteError(header.where, f"the header lacks {', '.join(missing)}")
    return fields


def _sections(body: Sequence[_Line]) -> tuple[list[_Line], list[_Line], _Line | None]:
    """The lines of the text and of the relations, and the line of tags."""
    text: list[_Line] = []
    relations: list[_Line] = []
    current = text
    tags: _Line | None = None
    for line in body:
        if line.text == _RELATIONS and current is text and tags is None:
            current = relations
        elif line.text.startswith(_TAGS) and tags is None:
            tags = line
        elif line.text.startswith("---") or (tags is not None and line.text):
            raise DemoNoteError(line.where, "nothing goes here but the next header")
        elif tags is None:
            current.append(line)
    return text, [line for line in relations if line.text], tags


def _text(lines: Sequence[_Line]) -> tuple[str, tuple[GoldMention, ...]]:
    """The text without markup and without blank lines around it, and its mentions."""
    filled = [index for index, line in enumerate(lines) if line.text]
    kept = lines[filled[0] : filled[-1] + 1] if filled else []
    mentions: list[GoldMention] = []
    pieces: list[str] = []
    length = 0
    for line in kept:
        plain, found = _line_mentions(line, offset=length)
        mentions.extend(found)
        pieces.append(plain)
        length += len(plain) + 1
    return "\n".join(pieces), tuple(mentions)


def _line_mentions(line: _Line, *, offset: int) -> tuple[str, list[GoldMention]]:
    mentions: list[GoldMention] = []
    plain = ""
    position = 0
    for match in _MENTION.finditer(line.text):
        mention_id, surface = match.groups()
        plain += line.text[position : match.start()]
        start = offset + len(plain)
        plain += surface
        position = match.end()
        if surface != surface.strip():
            raise DemoNoteError(line.where, f"{mention_id} begins or ends with a space")
        mentions.append(
            GoldMention(
                mention_id=mention_id,
                type=_TYPES[mention_id[0]],
                start=start,
                end=start + len(surface),
                text=surface,
            )
        )
    plain += line.text[position:]
    if "{" in plain or "}" in plain:
        raise DemoNoteError(line.where, "a brace is left that is no mention {D1|…} or {A1|…}")
    return plain, mentions


def _parse_relation(line: _Line) -> GoldRelation:
    match = _RELATION.fullmatch(line.text)
    if match is None:
        raise DemoNoteError(line.where, "a relation reads 'D1 > A1 affirmed'")
    drug, event, status = match.groups()
    return GoldRelation(drug=drug, event=event, status=_member(line, Assertion, status))


def _parse_tags(line: _Line | None) -> tuple[frozenset[str], str | None]:
    if line is None:
        return frozenset(), None
    names = [item.strip() for item in line.text.removeprefix(_TAGS).split(",") if item.strip()]
    repeats = [name.removeprefix("repeat-of ") for name in names if name.startswith("repeat-of ")]
    tags = frozenset(name for name in names if not name.startswith("repeat-of "))
    if len(repeats) > 1 or not tags <= TAGS:
        raise DemoNoteError(
            line.where, f"tags are {', '.join(sorted(TAGS))} and one repeat-of NOTE"
        )
    return (tags | {"repeat"}, repeats[0]) if repeats else (tags, None)


def _whole(line: _Line, name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise DemoNoteError(line.where, f"{name} is no whole number")
    return int(value)


def _written(line: _Line, value: str) -> datetime:
    # Only this one shape, so that no file depends on where it is compiled.
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise DemoNoteError(line.where, "written is a time like 2026-03-02T10:15") from None


def _member(line: _Line, kind: type[E], value: str) -> E:
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(member.value for member in kind)
        raise DemoNoteError(line.where, f"{kind.__name__} is one of {allowed}") from None


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
    except DemoNoteError as error:
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
