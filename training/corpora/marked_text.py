"""The text of a note with inline markup: what it says, and what is marked in it.

The markup is that of `training.corpora.markup`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from services.core.contracts import MentionType
from training.corpora.marked_note import GoldMention, GoldTrap, MarkupError, TrapKind

E = TypeVar("E", bound=StrEnum)

_BRACE = re.compile(r"\{(?:(?P<mention>[DA]\d+)|(?P<trap>T\d+):(?P<kind>\w+))\||[{}|]")
_TYPES = {"D": MentionType.DRUG, "A": MentionType.ADE}
_STRAY = "a brace is left that is no mention {D1|…} or {A1|…} and no trap {T1:kind|…}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file and its "file:number"."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class _Open:
    """A mention or a trap whose closing brace is still to come."""

    name: str
    kind: str | None
    start: int


def marked_text(
    lines: Sequence[Line],
) -> tuple[str, tuple[GoldMention, ...], tuple[GoldTrap, ...]]:
    """The text without markup and without blank lines around it, its mentions and traps.

    Raises:
        MarkupError: braces that are no markup, or one mark within another.
    """
    filled = [index for index, line in enumerate(lines) if line.text]
    kept = lines[filled[0] : filled[-1] + 1] if filled else []
    marked: list[GoldMention | GoldTrap] = []
    pieces: list[str] = []
    length = 0
    for line in kept:
        plain, found = _line_marks(line, offset=length)
        marked.extend(found)
        pieces.append(plain)
        length += len(plain) + 1
    # In the order of the text, what contains another before it.
    marked.sort(key=lambda mark: (mark.start, -mark.end))
    return (
        "\n".join(pieces),
        tuple(mark for mark in marked if isinstance(mark, GoldMention)),
        tuple(mark for mark in marked if isinstance(mark, GoldTrap)),
    )


def _line_marks(line: Line, *, offset: int) -> tuple[str, list[GoldMention | GoldTrap]]:
    """A line without markup, and what is marked in it."""
    marks: list[GoldMention | GoldTrap] = []
    open_: list[_Open] = []
    plain = ""
    position = 0
    for match in _BRACE.finditer(line.text):
        plain += line.text[position : match.start()]
        position = match.end()
        brace = match.group()
        if name := match["mention"] or match["trap"]:
            _refuse_nesting(line, open_, name)
            open_.append(_Open(name, match["kind"], len(plain)))
        elif brace == "}" and open_:
            marks.append(_closed(line, open_.pop(), plain, offset=offset))
        elif brace == "|" and not open_:
            plain += brace
        else:
            raise MarkupError(line.where, _STRAY)
    if open_:
        raise MarkupError(line.where, _STRAY)
    return plain + line.text[position:], marks


def _refuse_nesting(line: Line, open_: Sequence[_Open], name: str) -> None:
    if open_ and (len(open_) > 1 or open_[0].name[0] != "A" or name[0] != "D"):
        raise MarkupError(
            line.where, f"{name} stands within {open_[-1].name}: only an event contains a drug"
        )


def _closed(line: Line, mark: _Open, plain: str, *, offset: int) -> GoldMention | GoldTrap:
    surface = plain[mark.start :]
    if not surface or surface != surface.strip():
        raise MarkupError(line.where, f"{mark.name} is empty, or begins or ends with a space")
    start, end = offset + mark.start, offset + len(plain)
    if mark.kind is not None:
        return GoldTrap(
            trap_id=mark.name,
            kind=member_of(line, TrapKind, mark.kind),
            start=start,
            end=end,
            text=surface,
        )
    type_ = _TYPES[mark.name[0]]
    return GoldMention(mention_id=mark.name, type=type_, start=start, end=end, text=surface)


def member_of(line: Line, kind: type[E], value: str) -> E:
    """The member of an enumeration that a line names.

    Raises:
        MarkupError: it has none of that value; it says which there are.
    """
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(member.value for member in kind)
        raise MarkupError(line.where, f"{kind.__name__} is one of {allowed}") from None
