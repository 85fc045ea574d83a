"""The passages of a note that are in another language than the rest of it.

Half a note may be Spanish: instructions for the patient, a letter that was pasted in. Between the
sentences whose function words speak for English lie runs of others, none longer than a paragraph.
A run that is beyond doubt in another language, by the rule for whole notes, is set aside from its
first to its last sentence with a function word of that language, and to the ends of those lines.
Then that language is under suspicion in this note, and runs with one telling word of it go too.

A note in which nothing is beyond doubt is never touched, however telegraphic (decision 0036).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from services.core.sentences import split_sentences
from services.core.spans import Span
from services.ingest.language import Words, suspects

_NOT_SPACE = re.compile(r"\S")
_LINE_END = re.compile(r"[\n\r]")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n|\r[^\S\r\n]*\r")


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring sentences of one language that is not English."""

    span: Span
    language: str


@dataclass(frozen=True, slots=True)
class _Sentence:
    number: int
    span: Span
    words: Words


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring sentences of a paragraph that are not English."""

    sentences: Sequence[_Sentence]
    words: Words


def foreign_passages(text: str) -> list[Passage]:
    """The passages of other languages in a text that is not foreign as a whole, in its order.

    Args:
        text: of any length; all of it is read.
    """
    languages = suspects(text)
    if not languages:
        return []
    paragraphs = list(_paragraphs(text))
    found: dict[int, str] = {}
    for language in languages:
        runs = [run for paragraph in paragraphs for run in _runs(paragraph, language)]
        if any(run.words.is_foreign(language) for run in runs):
            for run in runs:
                for sentence in _foreign_part(text, run, language):
                    found.setdefault(sentence.number, language)
    sentences = [sentence for paragraph in paragraphs for sentence in paragraph]
    groups = groupby(sentences, key=lambda sentence: found.get(sentence.number))
    neighbours = [(language, list(members)) for language, members in groups]
    return [
        Passage(Span(members[0].span.start, members[-1].span.end), language)
        for language, members in neighbours
        if language is not None
    ]


def blanked(text: str, passages: Sequence[Passage]) -> str:
    """The text with spaces in place of passages: as long as before, with its line breaks."""
    kept: list[str] = []
    end = 0
    for passage in passages:
        kept.append(text[end : passage.span.start])
        kept.append(_NOT_SPACE.sub(" ", text[passage.span.start : passage.span.end]))
        end = passage.span.end
    return "".join([*kept, text[end:]])


def _paragraphs(text: str) -> Iterator[list[_Sentence]]:
    """Sentences between blank lines."""
    paragraph: list[_Sentence] = []
    end = 0
    for number, span in enumerate(split_sentences(text)):
        if paragraph and _BLANK_LINE.search(text, end, span.start):
            yield paragraph
            paragraph = []
        paragraph.append(_Sentence(number, span, Words.of(text[span.start : span.end])))
        end = span.end
    if paragraph:
        yield paragraph


def _runs(paragraph: Sequence[_Sentence], language: str) -> Iterator[_Run]:
    for english, group in groupby(paragraph, key=lambda one: one.words.is_rather_english(language)):
        if not english:
            run = list(group)
            yield _Run(run, Words.joined([sentence.words for sentence in run]))


def _foreign_part(text: str, run: _Run, language: str) -> Sequence[_Sentence]:
    """What is set aside of a run in a note that is in this language in part."""
    if not run.words.is_suspect(language):
        return ()
    hits = [place for place, one in enumerate(run.sentences) if one.words.hits(language)]
    first, last = hits[0], hits[-1]
    while first > 0 and _on_one_line(text, run.sentences[first - 1], run.sentences[first]):
        first -= 1
    end = last + 1
    while end < len(run.sentences) and _on_one_line(
        text, run.sentences[end - 1], run.sentences[end]
    ):
        end += 1
    return run.sentences[first:end]


def _on_one_line(text: str, one: _Sentence, following: _Sentence) -> bool:
    return _LINE_END.search(text, one.span.end, following.span.start) is None
