"""Notes with inline markup, as they are written by hand.

    === note dm-0001 | source st-marien | patient p001 | version 1 | written 2026-03-02T10:15 | …
    For {T1:indication|otitis} she had {D1|amoxicillin}, which was followed by a {A1|rash}.
    --- relations
    D1 > A1 affirmed
    --- tags planted, repeat-of dm-0000

A header also takes `type`, `sex`, `age` and `status retracted`; times are UTC. `{D…|…}` is a drug,
`{A…|…}` an event, `{T…:kind|…}` a trap: a phrase that looks like an event of a drug and is none
(`TrapKind`). An event may contain its drug: `{A1|{D1|lithium} toxicity}`. Else nothing nests. The
sections after the text may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from services.core.contracts import Assertion, NoteStatus, Sex
from training.corpora.marked_checks import check_corpus, check_note
from training.corpora.marked_note import GoldRelation, MarkedNote, MarkupError
from training.corpora.marked_text import Line, marked_text, member_of
from training.errors import CorpusError

_HEADER = "=== note "
_RELATIONS = "--- relations"
_TAGS = "--- tags"
_REQUIRED = ("source", "patient", "version", "written")
_OPTIONAL = ("type", "sex", "age", "status")
_RELATION = re.compile(r"(D\d+) > (A\d+) (\w+)")


def compile_notes(folder: Path, *, tags: frozenset[str] | None = None) -> list[MarkedNote]:
    """All notes of the `*.txt` files of a folder, in the order of files and lines.

    Args:
        folder: of the notes files.
        tags: those allowed; any if None.

    Raises:
        MarkupError: a file breaks the format, or notes contradict each other.
        CorpusError: there is no such folder, or no file in it.
    """
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise CorpusError(f"{folder} holds no notes (*.txt)")
    notes = [note for path in paths for note in parse_file(path, tags=tags)]
    check_corpus(notes)
    return notes


def parse_file(path: Path, *, tags: frozenset[str] | None = None) -> list[MarkedNote]:
    """The notes of one file, each checked by itself.

    Raises:
        MarkupError: the file breaks the format.
    """
    return [_parse_note(block, tags) for block in _blocks(_lines(path))]


def problems(path: Path, *, tags: frozenset[str] | None = None) -> list[MarkupError]:
    """The first mistake of every note of a file."""
    found = []
    try:
        blocks = list(_blocks(_lines(path)))
    except MarkupError as error:
        return [error]
    for block in blocks:
        try:
            _parse_note(block, tags)
        except MarkupError as error:
            found.append(error)
    return found


def _lines(path: Path) -> list[Line]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read {path}: {error}") from error
    return [
        Line(f"{path.name}:{number}", line.rstrip())
        for number, line in enumerate(text.split("\n"), start=1)
    ]


def _blocks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    block: list[Line] = []
    for line in lines:
        if line.text.startswith("==="):
            if not line.text.startswith(_HEADER):
                raise MarkupError(line.where, f"a header starts with {_HEADER!r}")
            if block:
                yield block
            block = [line]
        elif block:
            block.append(line)
        elif line.text:
            raise MarkupError(line.where, "text before the first header")
    if block:
        yield block


def _parse_note(block: Sequence[Line], allowed_tags: frozenset[str] | None) -> MarkedNote:
    header, body = block[0], block[1:]
    fields = _header_fields(header)
    text_lines, relation_lines, tag_line = _sections(body)
    text, mentions, traps = marked_text(text_lines)
    tags, repeat_of = _parse_tags(tag_line, allowed_tags)
    age = fields.get("age")
    note = MarkedNote(
        source=fields["source"],
        note_id=fields["note"],
        version=_whole(header, "version", fields["version"]),
        patient_key=fields["patient"],
        written_at=_written(header, fields["written"]),
        text=text,
        status=member_of(header, NoteStatus, fields.get("status", "current")),
        sex=member_of(header, Sex, fields.get("sex", "unknown")),
        age_years=None if age is None else _whole(header, "age", age),
        note_type=fields.get("type"),
        mentions=mentions,
        relations=tuple(_parse_relation(line) for line in relation_lines),
        traps=traps,
        tags=tags,
        repeat_of=repeat_of,
        where=header.where,
    )
    check_note(note)
    return note


def _header_fields(header: Line) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in header.text.removeprefix("=== ").split(" | "):
        name, _, value = part.strip().partition(" ")
        if name not in ("note", *_REQUIRED, *_OPTIONAL):
            raise MarkupError(header.where, f"unknown field {name!r} in the header")
        if not value.strip():
            raise MarkupError(header.where, f"field {name!r} has no value")
        if name in fields:
            raise MarkupError(header.where, f"field {name!r} is given twice")
        fields[name] = value.strip()
    missing = [name for name in _REQUIRED if name not in fields]
    if missing:
        raise MarkupError(header.where, f"the header lacks {', '.join(missing)}")
    return fields


def _sections(body: Sequence[Line]) -> tuple[list[Line], list[Line], Line | None]:
    """The lines of the text and of the relations, and the line of tags."""
    text: list[Line] = []
    relations: list[Line] = []
    current = text
    tags: Line | None = None
    for line in body:
        if line.text == _RELATIONS and current is text and tags is None:
            current = relations
        elif line.text.startswith(_TAGS) and tags is None:
            tags = line
        elif line.text.startswith("---") or (tags is not None and line.text):
            raise MarkupError(line.where, "nothing goes here but the next header")
        elif tags is None:
            current.append(line)
    return text, [line for line in relations if line.text], tags


def _parse_relation(line: Line) -> GoldRelation:
    match = _RELATION.fullmatch(line.text)
    if match is None:
        raise MarkupError(line.where, "a relation reads 'D1 > A1 affirmed'")
    drug, event, status = match.groups()
    return GoldRelation(drug=drug, event=event, status=member_of(line, Assertion, status))


def _parse_tags(
    line: Line | None, allowed: frozenset[str] | None
) -> tuple[frozenset[str], str | None]:
    if line is None:
        return frozenset(), None
    names = [item.strip() for item in line.text.removeprefix(_TAGS).split(",") if item.strip()]
    repeats = [name.removeprefix("repeat-of ") for name in names if name.startswith("repeat-of ")]
    tags = frozenset(name for name in names if not name.startswith("repeat-of "))
    if len(repeats) > 1 or (allowed is not None and not tags <= allowed):
        names_allowed = "any words" if allowed is None else ", ".join(sorted(allowed))
        raise MarkupError(line.where, f"tags are {names_allowed} and one repeat-of NOTE")
    return (tags | {"repeat"}, repeats[0]) if repeats else (tags, None)


def _whole(line: Line, name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise MarkupError(line.where, f"{name} is no whole number")
    return int(value)


def _written(line: Line, value: str) -> datetime:
    # Only this one shape, so that no file depends on where it is compiled.
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise MarkupError(line.where, "written is a time like 2026-03-02T10:15") from None
