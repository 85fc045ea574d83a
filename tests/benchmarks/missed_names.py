"""Mentions of the development parts that a lexicon finds by nothing but similarity, with what they
should have reached: the gold ids of BC5CDR, and for the notes, which have none, our judgement
(`judged_names.tsv`: type, wording, names of the concepts that are right; "-" if none is). Of
notes whose texts are no part of this repository a hash stands for the wording.

The judgements are one reader's, made from the wordings before any method's answers were seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from services.core.contracts import MentionType
from services.core.vocabulary import abbreviations, keys, naming
from services.core.vocabulary.lexicon import Lexicon
from services.core.vocabulary.similarity import Near, NearNames
from tests.benchmarks.normalisation_quality import KINDS, items
from training.corpora import catalogue
from training.settings import SEED

NOTES = ("adewatch", "clinical", "dictations")
HASH = "sha256:"
JUDGED = Path(__file__).with_name("judged_names.tsv")


@dataclass(frozen=True, slots=True)
class Miss:
    """A mention that nothing but similarity can name.

    Attributes:
        type: of the mention.
        key: what is looked up.
        document: unique over all corpora.
        right: numbers of the concepts that it may reach; none if the lexicon has none.
    """

    type: MentionType
    key: str
    document: str
    right: frozenset[int]


class _Exact(NearNames):
    def alike(self, name: str, *, threshold: float, margin: float) -> Near | None:
        return None


class WithoutSimilarity(Lexicon):
    """A lexicon that finds all but what is similar only."""

    @cached_property
    def _near_names(self) -> Mapping[MentionType, NearNames]:
        return {
            kind: _Exact(list(entries.names), list(entries.names.values()))
            for kind, entries in self.entries.items()
        }


def bc5cdr_misses(data: Path, lexicon: WithoutSimilarity) -> Iterator[Miss]:
    """Of gold mentions of BC5CDR's development part."""
    coded: dict[tuple[MentionType, str], set[int]] = {}
    for kind, entries in lexicon.entries.items():
        for number, concept in enumerate(entries.concepts):
            for code in concept.mesh:
                coded.setdefault((kind, code), set()).add(number)
    for item in items(data, "dev"):
        kind = KINDS[item.chemical]
        key = _missed(lexicon, kind, item.text, item.expansion)
        if key:
            right = frozenset(coded.get((kind, item.gold), ()))
            yield Miss(kind, key, f"bc5cdr:{item.document}", right)


def note_misses(data: Path, lexicon: WithoutSimilarity) -> Iterator[Miss]:
    """Of gold mentions of the development notes; those that nobody has judged are left out."""
    judged = judgements(lexicon)
    for part in catalogue.load(NOTES, data, seed=SEED).values():
        for note in part.dev:
            explained = abbreviations.explained(note.text)
            for mention in note.mentions:
                text = note.text[mention.span.start : mention.span.end]
                full = abbreviations.in_full(text, explained)
                key = _missed(lexicon, mention.type, text, full)
                right = judged.get((mention.type, digest(key)))
                if key and right is not None:
                    yield Miss(mention.type, key, note.doc_id, right)


def judgements(
    lexicon: Lexicon, path: Path = JUDGED
) -> dict[tuple[MentionType, str], frozenset[int]]:
    """The concepts that are right for a wording, by type and `digest` of its key."""
    found = {}
    for line in path.read_text("utf-8").splitlines():
        cell, wording, names = line.split("\t")
        kind = MentionType(cell)
        known = lexicon.entries[kind].names
        numbers = (known.get(keys.key(kind, name)) for name in names.split("|"))
        named = wording if wording.startswith(HASH) else digest(keys.key(kind, wording))
        found[kind, named] = frozenset(n for n in numbers if n is not None)
    return found


def digest(key: str) -> str:
    """What stands for a wording in a file without it."""
    return HASH + hashlib.sha256(key.encode()).hexdigest()[:16]


def _missed(lexicon: WithoutSimilarity, kind: MentionType, text: str, expansion: str) -> str:
    """What is looked up of a mention that the lexicon does not find, else ""."""
    if naming.named(lexicon, kind, text, expansion).coding is not None:
        return ""
    return keys.key(kind, expansion or text)
