"""The compiled lexicon: one gzipped file of lines, the same bytes for the same content.

The first line is the version of the keys the names were made with. Each other line is a concept:
type, name, system, code, version, groups ("level:name", "|" between), MeSH ids, keys. Cells are
separated by tabs.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.core import normalise
from services.core.contracts import MentionType
from services.core.errors import ConfigurationError
from services.core.vocabulary import keys
from services.core.vocabulary.lexicon import Concept, Entries, Lexicon

SHIPPED = Path(__file__).with_name("lexicon.tsv.gz")
"""The lexicon that is part of the service."""

_CELLS = 8
_VERSION_DIGITS = 12


def write(path: Path, entries: Mapping[MentionType, Entries]) -> None:
    """Write a lexicon; equal entries give equal bytes."""
    text = "\n".join([keys.VERSION, *_lines(entries)]) + "\n"
    # No time and no file name in the header, so that the bytes depend on the content alone.
    path.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))


def load(path: Path = SHIPPED) -> Lexicon:
    """Read a lexicon; its version is a hash of its content.

    Raises:
        ConfigurationError: the file is absent, broken, or made for other keys.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(f"no lexicon at {path}: {type(error).__name__}") from None
    first, *lines = content.decode("utf-8").splitlines()
    if first != keys.VERSION:
        raise ConfigurationError(
            f"{path.name} was made for {first}, this is {keys.VERSION}: "
            "compile it anew with `python -m training.vocabulary`"
        )
    digest = hashlib.sha256(content).hexdigest()[:_VERSION_DIGITS]
    return Lexicon(f"{normalise.VERSION}+lexicon-{digest}", _entries(path, lines))


def _lines(entries: Mapping[MentionType, Entries]) -> Iterator[str]:
    for mention_type in sorted(entries):
        of_type = entries[mention_type]
        names: list[list[str]] = [[] for _ in of_type.concepts]
        for name, number in of_type.names.items():
            names[number].append(name)
        for concept, keys_of in zip(of_type.concepts, names, strict=True):
            yield "\t".join(
                (
                    mention_type.value,
                    concept.name,
                    concept.system,
                    concept.code,
                    concept.version,
                    "|".join(f"{level}:{name}" for level, name in concept.broader),
                    "|".join(concept.mesh),
                    "|".join(sorted(keys_of)),
                )
            )


def _entries(path: Path, lines: list[str]) -> dict[MentionType, Entries]:
    concepts: dict[MentionType, list[Concept]] = {kind: [] for kind in MentionType}
    names: dict[MentionType, dict[str, int]] = {kind: {} for kind in MentionType}
    for line in lines:
        cells = line.split("\t")
        if len(cells) != _CELLS or cells[0] not in concepts:
            raise ConfigurationError(f"{path.name} is damaged")
        kind = MentionType(cells[0])
        number = len(concepts[kind])
        concepts[kind].append(
            Concept(
                type=kind,
                name=cells[1],
                system=cells[2],
                code=cells[3],
                version=cells[4],
                broader=tuple(_group(cell) for cell in cells[5].split("|") if cell),
                mesh=tuple(cell for cell in cells[6].split("|") if cell),
            )
        )
        names[kind].update(dict.fromkeys(cells[7].split("|"), number))
    return {kind: Entries(concepts[kind], names[kind]) for kind in MentionType}


def _group(cell: str) -> tuple[str, str]:
    level, _, name = cell.partition(":")
    return level, name
