"""What an encoder may read before it is fine-tuned: nothing that any corpus tests or chooses on."""

from __future__ import annotations

import json
import lzma
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from services.core.sentences import split_sentences
from training.corpora import catalogue
from training.corpora.documents import Document
from training.corpora.overlap import sentence_key
from training.errors import CorpusError
from training.train.splits import Parts

SOURCES = ("ade-neg", "ade-rel", "bc5cdr", "adewatch")
"""Corpora whose training part is read as text, beside the notes and articles."""

SAME_DOCUMENT = 0.2
"""A text that shares more of its sentences with held-out ones is one of their documents."""

HELD_OUT_SENTENCES = 2_000
"""Sentences that the loss is measured on at most."""


@dataclass(frozen=True, slots=True)
class Text:
    """A document as plain sentences.

    Attributes:
        groups: the names under which corpora may know it ("pmid:10030778", "mts-400").
        sentences: its sentences.
    """

    groups: frozenset[str]
    sentences: tuple[str, ...]


@dataclass(slots=True)
class HeldOut:
    """What must not be read: the groups and the sentences of dev and test parts.

    Attributes:
        groups: names of documents.
        keys: of their sentences; see `sentence_key`.
    """

    groups: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    def add(self, documents: Iterable[Document]) -> None:
        """Hold documents out."""
        for document in documents:
            self.groups.add(document.group)
            self.keys |= {
                key
                for start, end in document.sentences
                if (key := sentence_key(document.text[start:end])) is not None
            }

    def allowed(self, text: Text) -> list[str]:
        """The sentences of a text that may be read: none if the text is a held-out document or
        shares more than `SAME_DOCUMENT` of its longer sentences with such ones."""
        if not self.groups.isdisjoint(text.groups):
            return []
        keyed = [(sentence, sentence_key(sentence)) for sentence in text.sentences]
        long = [key for _, key in keyed if key is not None]
        shared = sum(key in self.keys for key in long)
        if long and shared > SAME_DOCUMENT * len(long):
            return []
        return [sentence for sentence, key in keyed if key not in self.keys]


@dataclass(frozen=True, slots=True)
class Reading:
    """Sentences to train on and to measure on, and what was left out for being held out."""

    train: list[str]
    held_out: list[str]
    texts: int
    texts_left_out: int
    sentences_left_out: int


def read_texts(
    data: Path,
    *,
    seed: int,
    articles: int,
    unseen: Collection[str] = (),
    absent: Collection[str] = (),
) -> Reading:
    """The text of the sources without anything of a dev or test part of any corpus.

    Args:
        data: the folder of the corpora.
        seed: of the splits; it must be that of the fine-tuning.
        articles: so many of the full texts.
        unseen: corpora that are held out wholly, because every document of theirs is measured on
            some day, as the published folds do.
        absent: corpora that are not in the folder, so that nothing is measured on them; licensed
            ones that are not there need not be named.

    Raises:
        CorpusError: a corpus is missing or malformed, or a name is that of none.
    """
    unknown = sorted({*unseen, *absent} - set(catalogue.READERS))
    if unknown:
        raise CorpusError(f"no corpus {unknown[0]}; known are {', '.join(catalogue.READERS)}")
    needed = sorted(set(absent) & set(SOURCES))
    if needed:
        raise CorpusError(f"{needed[0]} is read itself and cannot be absent")
    left_out = {*absent, *(set(catalogue.lacking(data)) - set(unseen))}
    parts = _divided(data, seed, [name for name in catalogue.READERS if name not in left_out])
    held_out = HeldOut()
    for name, part in parts.items():
        held_out.add([*part.dev, *part.test])
        if name in unseen:
            held_out.add(part.train)
    annotated = [as_text(document) for name in SOURCES for document in parts[name].train]
    measured = [
        sentence
        for name in SOURCES
        for document in parts[name].dev
        for sentence in as_text(document).sentences
    ]
    texts = (*annotated, *_notes(data), *_articles(data, articles))
    # A sample, for the first source alone would fill it.
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    return without(texts, held_out, rng.sample(measured, min(HELD_OUT_SENTENCES, len(measured))))


def without(texts: Sequence[Text], held_out: HeldOut, measured: Sequence[str]) -> Reading:
    """The allowed sentences of texts, each once.

    Args:
        texts: what could be read.
        held_out: what must not.
        measured: sentences that the loss is measured on.
    """
    kept: dict[str, None] = {}
    left_out = sentences_left_out = 0
    for text in texts:
        allowed = held_out.allowed(text)
        left_out += bool(text.sentences) and not allowed
        sentences_left_out += len(text.sentences) - len(allowed)
        kept.update(dict.fromkeys(allowed))
    return Reading(list(kept), list(measured), len(texts), left_out, sentences_left_out)


def as_text(document: Document) -> Text:
    """An annotated document without its annotation."""
    return Text(
        frozenset({document.group}),
        tuple(document.text[start:end] for start, end in document.sentences),
    )


def _divided(data: Path, seed: int, names: Iterable[str]) -> dict[str, Parts]:
    """Corpora divided as fine-tuning divides them, with what they share."""
    parts = {}
    for name in names:
        parts[name] = catalogue.divide(name, catalogue.read(name, data), seed=seed)
    return parts


def _notes(data: Path) -> Iterator[Text]:
    path = data / "mtsamples" / "mtsamples.jsonl"
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                note = json.loads(line)
                names = frozenset(f"mts-{number}" for number in note["sample_ids"])
                yield Text(names, _sentences(str(note["transcription"])))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"cannot read notes of {path}: {type(error).__name__}") from error


def _articles(data: Path, count: int) -> Iterator[Text]:
    path = data / "rct_fulltext_pmc" / "articles_ccby_cc0_pd.jsonl.xz"
    try:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in islice(lines, count):
                article = json.loads(line)
                names = frozenset({f"pmid:{article['pmid']}"})
                yield Text(names, _sentences(str(article["text"])))
    except (OSError, ValueError, KeyError, TypeError, lzma.LZMAError) as error:
        raise CorpusError(f"cannot read articles of {path}: {type(error).__name__}") from error


def _sentences(text: str) -> tuple[str, ...]:
    return tuple(text[start:end] for start, end in split_sentences(text))
