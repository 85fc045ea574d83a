"""Notes to mentions: sentences → token windows → NER → spans of the note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.core import bio, normalise
from services.core.contracts import Mention
from services.core.ports import Encoding, TokenEncoder
from services.core.sentences import split_sentences
from services.core.spans import Span
from services.extract.batching import BatchedModel
from services.extract.tokens import (
    WINDOW_OVERLAP_TOKENS,
    TokenWindow,
    reading_windows,
    stitch,
    token_windows,
    window_ids,
)


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text with its sentences and the mentions found in it, in the order of the text."""

    text: str
    sentences: list[Span]
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: int
    span: Span
    encoding: Encoding
    windows: list[TokenWindow]


class MentionFinder:
    """Finds drug and event mentions in texts, with one NER model."""

    def __init__(
        self, encoder: TokenEncoder, model: BatchedModel, *, max_tokens: int, windows: bool = False
    ) -> None:
        """Build the finder.

        Args:
            encoder: the tokenizer of the model.
            model: the NER model.
            max_tokens: tokens of one reading, special tokens included.
            windows: whether the model reads runs of whole sentences, as many as fit.
        """
        self._encoder = encoder
        self._model = model
        self._max_tokens = max_tokens
        self._windows = windows

    async def find(self, texts: Sequence[str]) -> tuple[list[ReadText], frozenset[str]]:
        """Read texts of any length, empty ones included.

        Returns:
            One ReadText per text, in order, and the versions of the model that answered.

        Raises:
            DependencyUnavailable: the inference server did not answer.
        """
        splits = [split_sentences(text) for text in texts]
        sentences = self._encode(texts, splits)
        rows = [
            window_ids(sentence.encoding, window)
            for sentence in sentences
            for window in sentence.windows
        ]
        answers = await self._model.run(rows)
        found: list[list[bio.Decoded]] = [[] for _ in texts]
        position = 0
        for sentence in sentences:
            end = position + len(sentence.windows)
            probabilities = stitch(sentence.encoding, sentence.windows, answers.rows[position:end])
            position = end
            start, stop = sentence.span
            surface = texts[sentence.text][start:stop]
            found[sentence.text].extend(
                bio.Decoded(type_, Span(start + span.start, start + span.end), probability)
                for type_, span, probability in bio.decode(
                    sentence.encoding, probabilities, surface
                )
            )
        return [
            ReadText(text, split, _mentions(text, decoded))
            for text, split, decoded in zip(texts, splits, found, strict=True)
        ], answers.versions

    def _encode(self, texts: Sequence[str], splits: Sequence[list[Span]]) -> list[_Sentence]:
        places = [
            (index, span)
            for index, split in enumerate(splits)
            for span in self._units(texts[index], split)
        ]
        encodings = self._encoder.encode(
            [texts[index][span.start : span.end] for index, span in places]
        )
        return [
            _Sentence(
                index,
                span,
                encoding,
                token_windows(encoding, max_tokens=self._max_tokens, overlap=WINDOW_OVERLAP_TOKENS),
            )
            for (index, span), encoding in zip(places, encodings, strict=True)
        ]

    def _units(self, text: str, sentences: list[Span]) -> list[Span]:
        """What is read at a time."""
        if not self._windows:
            return sentences
        return reading_windows(text, sentences, self._encoder, max_tokens=self._max_tokens)


def _mentions(text: str, decoded: Sequence[bio.Decoded]) -> tuple[Mention, ...]:
    mentions: list[Mention] = []
    for type_, span, probability in decoded:
        surface = text[span.start : span.end]
        concept = normalise.concept(type_, surface)
        if concept:
            mentions.append(
                Mention(
                    mention_id=f"T{len(mentions) + 1}",
                    type=type_,
                    start=span.start,
                    end=span.end,
                    text=surface,
                    probability=round(probability, 6),
                    concept=concept,
                )
            )
    return tuple(mentions)
