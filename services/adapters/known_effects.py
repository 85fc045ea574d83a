"""Lists that reviewers bring: pairs known from labels, and events that are always serious.

A list is UTF-8 text, one entry a line; empty lines and lines that start with # are left out. A
pair is a drug and an event with a tab between them. Names are normalised as mentions are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from services.core.contracts import MentionType, Pair
from services.core.errors import ConfigurationError

MAX_BYTES = 64 * 1024 * 1024

Normalise = Callable[[MentionType, str], str]
"""From a type and a name to the concept under which it is counted."""


def known_pairs(path: Path, normalise: Normalise) -> frozenset[Pair]:
    """Pairs of a list.

    Raises:
        ConfigurationError: the file cannot be read, or a line is no pair.
    """
    pairs = set()
    for number, line in _lines(path):
        names = [name.strip() for name in line.split("\t")]
        if len(names) != 2 or not all(names):
            raise ConfigurationError(f"{path}, line {number}: not a drug, a tab and an event")
        drug, event = names
        pairs.add(Pair(normalise(MentionType.DRUG, drug), normalise(MentionType.ADE, event)))
    return frozenset(pairs)


def serious_events(path: Path, normalise: Normalise) -> frozenset[str]:
    """Events of a list.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return frozenset(normalise(MentionType.ADE, line) for _, line in _lines(path))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(f"{path}: larger than {MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8") from None
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            yield number, entry
