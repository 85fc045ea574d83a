"""Text that repeats what the same patient's earlier notes said of the same pair.

Notes carry text forward, and two systems may send one report. Such text adds no evidence. Words
are compared without case, punctuation and white space, in three ways, the strictest first:

    whole      the text is, word by word, an earlier one
    verbatim   at least three quarters of its words lie in runs of ten words that earlier texts
               have (notes are pasted together from several earlier ones)
    alike      at least three fifths of its and one earlier text's runs of three words are common
               to both (Jaccard; Broder 1997): one word in fourteen was changed

The last two need that the text says nothing new by a number or by a word of recurrence which the
earlier text lacks: a template with another date, or "rash again", is another report.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

WINDOW_WORDS = 10
COPIED_SHARE = 0.75
SHINGLE_WORDS = 3
ALIKE_SHARE = 0.6

MAX_WORDS = 1024
"""Words of a text that are compared; what the relation model reads at once has fewer."""

RECENT_TEXTS = 100
"""Earlier texts that a text may be alike; exact repeats are found however old they are."""

RECURRENCE = frozenset(
    ["again", "another", "recurred", "recurrence", "recurrent", "recurring", "relapse", "relapsed",
     "rechallenge", "rechallenged", "second", "third"]
)  # fmt: skip
"""Words by which a repeated sentence tells of a new event."""

_WORD = re.compile(r"\w+")

Words = tuple[str, ...]


class Place(NamedTuple):
    """Where a relation stands: its note, and its position among the note's relations."""

    note_key: str
    position: int


@dataclass(frozen=True, slots=True)
class _Text:
    """An earlier text as it is compared."""

    place: Place
    shingles: frozenset[Words]
    news: frozenset[str]


class Told:
    """What earlier notes of a patient said of one pair, in the order in which it was written.

    Work per text is linear in its words, and in the shingles of at most `RECENT_TEXTS` others.
    """

    def __init__(self) -> None:
        self._whole: dict[Words, Place] = {}
        self._windows: dict[Words, Place] = {}
        self._recent: deque[_Text] = deque(maxlen=RECENT_TEXTS)

    def add(self, place: Place, text: str) -> None:
        """Remember a text. Of equal ones the first is remembered as the source."""
        said = words(text)
        self._whole.setdefault(said, place)
        for window in _runs(said, WINDOW_WORDS):
            self._windows.setdefault(window, place)
        self._recent.append(_Text(place, _shingles(said), _news(said)))

    def source_of(self, text: str) -> Place | None:
        """The earlier text that this one repeats; None if it is a report of its own."""
        said = words(text)
        whole = self._whole.get(said)
        if whole is not None:
            return whole
        return self._verbatim(said) or self._alike(said)

    def _verbatim(self, said: Words) -> Place | None:
        origins: Counter[Place] = Counter()
        covered = [False] * len(said)
        for start, window in enumerate(_runs(said, WINDOW_WORDS)):
            origin = self._windows.get(window)
            if origin is not None:
                origins[origin] += 1
                covered[start : start + WINDOW_WORDS] = [True] * WINDOW_WORDS
        if not origins or sum(covered) < COPIED_SHARE * len(said):
            return None
        if _news([word for word, known in zip(said, covered, strict=True) if not known]):
            return None
        return max(origins, key=origins.__getitem__)  # the first one remembered, of equals

    def _alike(self, said: Words) -> Place | None:
        shingles, news = _shingles(said), _news(said)
        for earlier in self._recent:
            common = len(shingles & earlier.shingles)
            together = len(shingles) + len(earlier.shingles) - common
            if common >= ALIKE_SHARE * together and news <= earlier.news:
                return earlier.place
        return None


def words(text: str) -> Words:
    """The words of a text that are compared, at most `MAX_WORDS`."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return tuple(match.group() for match in islice(_WORD.finditer(plain), MAX_WORDS))


def _shingles(said: Words) -> frozenset[Words]:
    """Runs of three words; a shorter text is one run."""
    return frozenset(_runs(said, min(SHINGLE_WORDS, len(said))))


def _runs(said: Words, length: int) -> list[Words]:
    return [said[start : start + length] for start in range(len(said) - length + 1)]


def _news(said: Sequence[str]) -> frozenset[str]:
    """Words that make a repeated sentence a report of its own."""
    return frozenset(
        word for word in said if word in RECURRENCE or any(sign.isdigit() for sign in word)
    )
