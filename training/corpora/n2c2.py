"""n2c2 2018 Track 2: notes with brat stand-off, `ID.txt` beside `ID.ann`.

Henry et al., JAMIA 2020;27(1):3-12. Nine entity types and eight relation types, each relation from
an attribute of a drug to the drug. A discontinuous mention ("10 14;20 25") is read from its first
to its last character, as the shared task's own scorer reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from services.core.contracts import MentionType
from services.core.sentences import split_sentences
from services.core.spans import Span
from training.corpora.documents import (
    AnnotatedMention,
    AnnotatedRelation,
    AnnotatedTrap,
    Document,
)
from training.errors import CorpusError

DRUG, ADE, REASON = "Drug", "ADE", "Reason"

ENTITY_TYPES = (
    DRUG,
    "Strength",
    "Form",
    "Dosage",
    "Frequency",
    "Route",
    "Duration",
    REASON,
    ADE,
)
RELATION_TYPES = tuple(f"{type_}-{DRUG}" for type_ in ENTITY_TYPES if type_ != DRUG)

_ENTITY = re.compile(r"(T\d+)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)\t(.*)")
_RELATION = re.compile(r"R\d+\t(\S+) Arg1:(T\d+) Arg2:(T\d+)\s*")
_OTHER = ("#", "A", "E", "M", "N", "*")
"""Lines of notes, attributes and normalisation, which say nothing here."""


class Entity(NamedTuple):
    """A mention of one of `ENTITY_TYPES`."""

    entity_id: str
    type: str
    span: Span


class Link(NamedTuple):
    """A relation of one of `RELATION_TYPES`, from an attribute to its drug; both are ids."""

    type: str
    attribute: str
    drug: str


@dataclass(frozen=True, slots=True)
class BratNote:
    """A note with all that the shared task annotates; `name` is that of its files."""

    name: str
    text: str
    entities: tuple[Entity, ...]
    links: tuple[Link, ...]


def read_folder(folder: Path) -> list[BratNote]:
    """The notes of a folder, ordered by name.

    Raises:
        CorpusError: there is none, a file is missing, or an annotation breaks the format; file
            and line are named.
    """
    paths = sorted(folder.glob("*.ann"))
    if not paths:
        raise CorpusError(f"{folder} holds no annotations (*.ann)")
    return [_note(path) for path in paths]


def read_notes(folder: Path) -> list[Document]:
    """The same notes as documents with drugs, adverse events and the relations between them.

    The reason for which a drug is given is a trap; the other attributes are left out.

    Raises:
        CorpusError: as `read_folder`.
    """
    return [to_document(note) for note in read_folder(folder)]


def to_document(note: BratNote) -> Document:
    """Drugs, adverse events and `ADE-Drug` of a note; reasons become traps."""
    types = {DRUG: MentionType.DRUG, ADE: MentionType.ADE}
    return Document(
        doc_id=f"n2c2:{note.name}",
        group=f"n2c2:{note.name}",
        corpus="n2c2",
        text=note.text,
        sentences=tuple(split_sentences(note.text)),
        mentions=tuple(
            AnnotatedMention(entity.entity_id, types[entity.type], entity.span)
            for entity in note.entities
            if entity.type in types
        ),
        relations=tuple(
            AnnotatedRelation(drug_id=link.drug, event_id=link.attribute)
            for link in note.links
            if link.type == f"{ADE}-{DRUG}"
        ),
        traps=tuple(
            AnnotatedTrap("indication", entity.span)
            for entity in note.entities
            if entity.type == REASON
        ),
    )


def _note(path: Path) -> BratNote:
    text = _read(path.with_suffix(".txt"))
    entities: dict[str, Entity] = {}
    links: list[tuple[str, Link]] = []
    for where, line in _lines(path):
        if line.startswith("T"):
            entity = _entity(where, line, text)
            if entity.entity_id in entities:
                raise CorpusError(f"{where}: {entity.entity_id} is given twice")
            entities[entity.entity_id] = entity
        elif line.startswith("R"):
            links.append((where, _link(where, line)))
        elif not line.startswith(_OTHER):
            raise CorpusError(f"{where}: neither an entity nor a relation")
    for where, link in links:
        _check(where, link, entities)
    return BratNote(
        name=path.stem,
        text=text,
        entities=tuple(entities.values()),
        links=tuple(dict.fromkeys(link for _, link in links)),
    )


def _read(path: Path) -> str:
    try:
        # Offsets count characters; line ends are kept as they are.
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read {path}: {error}") from error


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(_read(path).splitlines(), start=1):
        if line.strip():
            yield f"{path.name}:{number}", line


def _entity(where: str, line: str, text: str) -> Entity:
    match = _ENTITY.fullmatch(line)
    if match is None or match[2] not in ENTITY_TYPES:
        raise CorpusError(f"{where}: an entity reads 'T1<tab>Drug 10 17<tab>aspirin'")
    name, type_, offsets, surface = match.groups()
    fragments = [Span(*map(int, part.split())) for part in offsets.split(";")]
    found = " ".join(text[start:end] for start, end in fragments)
    if any(start >= end for start, end in fragments) or found.split() != surface.split():
        raise CorpusError(f"{where}: the offsets of {name} do not match the text")
    return Entity(
        name,
        type_,
        Span(min(part.start for part in fragments), max(part.end for part in fragments)),
    )


def _link(where: str, line: str) -> Link:
    match = _RELATION.fullmatch(line)
    if match is None or match[1] not in RELATION_TYPES:
        raise CorpusError(f"{where}: a relation reads 'R1<tab>ADE-Drug Arg1:T1 Arg2:T2'")
    return Link(match[1], match[2], match[3])


def _check(where: str, link: Link, entities: dict[str, Entity]) -> None:
    for name, type_ in ((link.attribute, link.type.removesuffix(f"-{DRUG}")), (link.drug, DRUG)):
        if name not in entities:
            raise CorpusError(f"{where}: {name} is no entity")
        if entities[name].type != type_:
            raise CorpusError(f"{where}: {name} is no {type_}")
