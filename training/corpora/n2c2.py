"""n2c2 2018 Track 2: notes with brat stand-off, `ID.txt` beside `ID.ann`.

Henry et al., JAMIA 2020;27(1):3-12. Nine entity types and eight relation types, each relation from
an attribute of a drug to the drug. A discontinuous mention ("10 14;20 25") spans from its first to
its last character, as the shared task's own scorer reads it, and keeps its fragments. The notes are
given out under a data use agreement; nothing of them is part of the repository.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
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
from training.train.splits import DEV_FRACTION, TEST_FRACTION, Parts, position, split

CORPUS = "n2c2"

FOLDER = "n2c2_2018_track2"
"""In the data folder; the released folders of notes to train and to test on lie in it."""

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
_TEST_FOLDER = re.compile(r"(?<![a-z])test", re.IGNORECASE)
_OTHER = ("#", "A", "E", "M", "N", "*")
"""Lines of notes, attributes and normalisation, which say nothing here."""


class Entity(NamedTuple):
    """A mention of one of `ENTITY_TYPES`; `fragments` as those of `AnnotatedMention`. Brat also
    breaks a mention where its line ends."""

    entity_id: str
    type: str
    span: Span
    fragments: tuple[Span, ...] = ()


class Link(NamedTuple):
    """A relation of one of `RELATION_TYPES`, from an attribute to its drug; both are ids."""

    type: str
    attribute: str
    drug: str


@dataclass(frozen=True, slots=True)
class BratNote:
    """A note with all that the shared task annotates.

    Attributes:
        name: path of its files in the folder that was read, without their ends ("test/100035").
        text: all offsets count in it.
        entities: in the order of the file.
        links: each once, in the order of the file.
    """

    name: str
    text: str
    entities: tuple[Entity, ...]
    links: tuple[Link, ...]


def read_folder(folder: Path) -> list[BratNote]:
    """The notes of a folder and of those below it, ordered by path.

    Raises:
        CorpusError: there is none, one lies there twice, a file is missing, or an annotation
            breaks the format; file and line are named.
    """
    # Archives made on a Mac hold a hidden "._100035.ann" beside each file.
    paths = sorted(path for path in folder.rglob("*.ann") if not path.name.startswith("."))
    if not paths:
        raise CorpusError(
            f"{folder} holds no annotations (*.ann) of n2c2 2018 Track 2, "
            "which its owners give out under a data use agreement"
        )
    _check_names(paths)
    return [_note(path, folder) for path in paths]


def read_notes(folder: Path) -> list[Document]:
    """The same notes as documents with drugs, adverse events and the relations between them.

    Every drug is annotated, and adverse events where a drug is blamed. The reason for which a drug
    is given is a trap; the other attributes are left out.

    Raises:
        CorpusError: as `read_folder`.
    """
    return [to_document(note) for note in read_folder(folder)]


def to_document(note: BratNote) -> Document:
    """Drugs, adverse events and `ADE-Drug` of a note; reasons that are no adverse event as well
    become traps."""
    types = {DRUG: MentionType.DRUG, ADE: MentionType.ADE}
    events = {entity.span for entity in note.entities if entity.type == ADE}
    return Document(
        doc_id=f"{CORPUS}:{note.name}",
        group=f"{CORPUS}:{note.name.rpartition('/')[2]}",
        corpus=CORPUS,
        text=note.text,
        sentences=tuple(split_sentences(note.text)),
        mentions=tuple(
            AnnotatedMention(entity.entity_id, types[entity.type], entity.span, entity.fragments)
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
            if entity.type == REASON and entity.span not in events
        ),
    )


def split_notes(notes: Sequence[Document], *, seed: int) -> Parts:
    """The released test notes are the test part, as of published figures; the others are divided
    by note into training and dev. Without any test note there, all are divided by note."""
    released = [note for note in notes if _of_released_test(note)]
    if not released:
        return split(notes, seed=seed)
    parts = Parts([], [], released)
    for note in notes:
        if not _of_released_test(note):
            # The same notes are dev whether the test notes are there or not.
            place = position(note.group, seed=seed) - TEST_FRACTION
            (parts.dev if 0 <= place < DEV_FRACTION else parts.train).append(note)
    return parts


def counts(notes: Sequence[BratNote]) -> dict[str, object]:
    """How many entities and relations of each type there are, those without any among them, and
    how many entities are of several fragments."""
    entities = Counter(entity.type for note in notes for entity in note.entities)
    links = Counter(link.type for note in notes for link in note.links)
    return {
        "entities": {"total": entities.total(), **{one: entities[one] for one in ENTITY_TYPES}},
        "relations": {"total": links.total(), **{one: links[one] for one in RELATION_TYPES}},
        "discontinuous": sum(bool(one.fragments) for note in notes for one in note.entities),
    }


def _of_released_test(note: Document) -> bool:
    return _TEST_FOLDER.search(note.doc_id.rpartition("/")[0]) is not None


def _check_names(paths: Sequence[Path]) -> None:
    """The shared task gave out its test notes several times, not each time with all annotations."""
    seen: dict[str, Path] = {}
    for path in paths:
        other = seen.setdefault(path.stem, path)
        if other is not path:
            raise CorpusError(
                f"note {path.stem} lies in {other.parent} and in {path.parent}: keep the folder "
                "that holds all its annotations"
            )


def _note(path: Path, folder: Path) -> BratNote:
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
        name=path.relative_to(folder).with_suffix("").as_posix(),
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
    # Not `splitlines`: a mention may hold another sign that Python takes for the end of a line.
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if line.strip():
            yield f"{path.name}:{number}", line.removesuffix("\r")


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
        tuple(sorted(fragments)) if len(fragments) > 1 else (),
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
